"""What a report asks its reader to type next: a command in a terminal, or a call in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Invitation:
    """How to ask again, where the report is read."""

    place: Literal["terminal", "notebook"] = "terminal"

    def check(self, exercise: str, function: str | None = None) -> str:
        """Check an exercise, or one function of it.

        >>> Invitation().check("exercise3", "hvp"), Invitation("notebook").check("exercise3")
        ('xor-check exercise3 hvp', 'check("exercise3")')
        """
        names = [exercise] if function is None else [exercise, function]
        if self.place == "terminal":
            return " ".join(["xor-check", *names])
        return f"check({', '.join(map(_quoted, names))})"

    def replay(self, exercise: str, function: str, token: str) -> str:
        """Repeat one failure exactly.

        >>> Invitation().replay("exercise3", "hvp", "3.hvp.agrees.0.abc")
        'xor-check exercise3 hvp --replay 3.hvp.agrees.0.abc'
        """
        if self.place == "terminal":
            return f"{self.check(exercise, function)} --replay {token}"
        return f"check({_quoted(exercise)}, {_quoted(function)}, replay={_quoted(token)})"


def _quoted(text: str) -> str:
    return f'"{text}"'
