"""An example of what a function should do, as a student writes it before the function: a call, and what it gives.

    example("hvp", cubes, tensor([1.0, 2.0]), tensor([1.0, 10.0]), gives=tensor([6.0, 120.0]))

A file of examples only says them. `xor-check examples` holds them against right answers and known mistakes, in a
process of their own (see `examples`).
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

KEPT_AS = "__examples__"
"""Where a module keeps its examples, in their order."""

NOTHING = object()


@dataclass(frozen=True)
class Example:
    """One call, and what it gives or raises."""

    function: str
    line: int
    arguments: tuple[Any, ...]
    call: Callable[..., Any] | None
    gives: Any
    raises: type[BaseException] | None

    def run(self, answers: Any) -> Any:
        """Give what an answer gives.

        Args:
            answers: anything with the exercise's names.
        """
        if self.call is not None:
            return self.call(*(getattr(answers, name) for name in inspect.signature(self.call).parameters))
        arguments = self.arguments
        with suppress(Exception):  # what cannot be copied is handed on as it is
            arguments = copy.deepcopy(arguments)
        return getattr(answers, self.function)(*arguments)


def example(
    function: str,
    /,
    *arguments: Any,
    gives: Any = NOTHING,
    raises: type[BaseException] | None = None,
    call: Callable[..., Any] | None = None,
) -> None:
    """Say what a function of the exercise gives, or raises.

    Args:
        function: its name.
        arguments: what it is called with.
        gives: the result, of the very kind, shape and dtype; numbers are compared to four digits.
        raises: the exception, where there is no result.
        call: instead of arguments, where one call is not all: a function of the exercise's functions by their names,
            such as `lambda value_and_grad: value_and_grad(f)(x)`.

    Raises:
        TypeError: it does not say one thing of one call.

    >>> example("double", 3, gives=6)
    >>> example("scaled_by", call=lambda scaled_by: scaled_by(3)(2), gives=6)
    """
    if (gives is NOTHING) == (raises is None):
        raise TypeError(f"example({function!r}, ...) needs either gives=... or raises=...")
    if call is not None and arguments:
        raise TypeError(f"example({function!r}, ...) has arguments and a call=...: one of them says it all")
    caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    kept = caller.f_globals.setdefault(KEPT_AS, [])
    kept.append(Example(function, caller.f_lineno, arguments, call, gives, raises))
