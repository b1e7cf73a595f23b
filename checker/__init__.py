"""The xor-check program: it draws inputs, asks a student's functions, and says what holds.

In a notebook, `from checker import check` and `check("exercise3")` ask the functions that its cells define. In a
file of examples, `from checker import example` is what says them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.notebook import check
    from checker.sample import example

__all__ = ["check", "example"]


def __getattr__(name: str) -> Any:
    """Import what a notebook uses only when it is asked for: the command has no need of it."""
    if name == "check":
        from checker.notebook import check

        return check
    if name == "example":
        from checker.sample import example

        return example
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
