"""The outcome of a check as data: one verdict a function, one report an exercise.

Reports for people and for programs are made from these and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["passed", "todo", "failed", "error", "timeout", "crashed", "missing", "invalid"]


@dataclass(frozen=True)
class Failure:
    """One law that does not hold, and the smallest call that shows it."""

    law: str
    message: str
    """One or two sentences: what was expected and what came."""
    counterexample: str | None = None
    """The call as Python that can be pasted into a session."""
    expected: str | None = None
    got: str | None = None
    where: str | None = None
    """The entries that differ, one a line."""
    again: str | None = None
    """The token that repeats exactly this call."""


@dataclass(frozen=True)
class Verdict:
    """What is known of one function after its check."""

    name: str
    status: Status
    message: str
    """What a student reads first; empty when passed."""
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    """The first is what a student sees, the others are for --verbose."""
    misconception: str | None = None
    """The slug of the known mistake that answers the same on every drawn input."""
    advice: str | None = None
    """The sentence that goes with the misconception."""
    traceback: str | None = None
    """The student's own lines only."""
    printed: str = ""
    """What the student's code printed, capped."""
    hints: int = 0
    """How many hints the exercise has for this function."""

    @property
    def passed(self) -> bool:
        """Whether every law holds."""
        return self.status == "passed"


@dataclass(frozen=True)
class Report:
    """One checked exercise."""

    exercise: str
    device: str
    seed: int
    verdicts: tuple[Verdict, ...]
    seconds: float
    file: str = ""
    """The checked file as a student would name it."""

    @property
    def passed(self) -> bool:
        """Whether every function passed."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def counted(self) -> str:
        """How many functions passed, and what became of the others.

        >>> Report("exercise1", "cpu", 0, (Verdict("f", "passed", ""), Verdict("g", "todo", "")), 0.5).counted
        '1 of 2 passed, 1 to do'
        """
        counts = Counter(verdict.status for verdict in self.verdicts)
        words = [f"{counts['passed']} of {len(self.verdicts)} passed"]
        words += [
            f"{number} {'to do' if status == 'todo' else status}"
            for status, number in counts.items()
            if status != "passed"
        ]
        return ", ".join(words)


def restored(content: Mapping[str, Any]) -> Report:
    """The report that `dataclasses.asdict` took apart, in this process or another.

    >>> from dataclasses import asdict
    >>> report = Report("exercise1", "cpu", 0, (Verdict("f", "failed", "", failures=(Failure("agrees", "no"),)),), 0.5)
    >>> restored(asdict(report)) == report
    True
    """
    fields = dict[str, Any](content)
    fields["verdicts"] = tuple(_verdict(verdict) for verdict in content["verdicts"])
    return Report(**fields)


def _verdict(content: Mapping[str, Any]) -> Verdict:
    fields = dict[str, Any](content)
    fields["failures"] = tuple(Failure(**failure) for failure in content["failures"])
    return Verdict(**fields)
