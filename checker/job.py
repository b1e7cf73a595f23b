"""What judge and worker tell each other about one function: the job, what became of the file, and a worker's end.

Nothing here needs torch: a judge describes a job before it has imported it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from checker.observation import Raised


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know; it opens no file of an exercise's solution."""

    source: str
    """The text of the student's file."""
    path: str
    """The file's path as messages and tracebacks show it."""
    folder: str | None
    """Put first on `sys.path`, so that the student's own imports work."""
    checks: str
    """The text of `checks.py`."""
    function: str
    """The first that is asked."""
    off_limits: tuple[str, ...]
    """Dotted names that raise `OffLimits` while the job lasts."""
    device: str
    closed: tuple[str, ...] = ()
    """Files that cannot be opened while the job lasts."""


@dataclass(frozen=True)
class Loaded:
    """What a worker found in a student's file."""

    problem: Raised | None
    """Why the file could not be imported."""
    names: tuple[str, ...] = ()
    """The public names that the file defines, where the function's is not among them."""
    parameters: tuple[tuple[str, str, bool], ...] | None = None
    """The function's parameters: name, kind, whether there is a default; None where they cannot be known."""
    kind: str = "missing"
    """What the function's name stands for: "function", "class", "callable", "missing", or a type's name."""

    @property
    def tree(self) -> tuple[Any, ...]:
        """The same as a tree, for the wire."""
        return self.problem, self.names, self.parameters, self.kind

    @classmethod
    def of(cls, tree: Any) -> Loaded:
        """Give what a worker answered, once it is seen to be of this form.

        Raises:
            ValueError: it is not.
        """
        from checker.observation import Raised  # imports torch

        match tree:
            case (Raised() | None as problem, (*names,), None | (*_,) as parameters, str(kind)):
                if all(isinstance(name, str) for name in names):
                    known = None if parameters is None else tuple(map(_parameter, parameters))
                    return cls(problem, tuple(names), known, kind)
            case _:
                pass
        raise ValueError("this is not what a worker finds in a file")


def _parameter(tree: Any) -> tuple[str, str, bool]:
    match tree:
        case (str(name), str(kind), bool(has_default)):
            return name, kind, has_default
        case _:
            raise ValueError("this is no parameter")


class Lost(Exception):
    """A worker is gone, and its answer with it."""

    def __init__(self, status: Literal["timeout", "crashed"], message: str, printed: str = "") -> None:
        super().__init__(message)
        self.status: Literal["timeout", "crashed"] = status
        self.message = message
        self.printed = printed
        """What the student's code had printed by then."""
