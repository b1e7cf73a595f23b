"""Names that a student's file must not use, because they are what the exercise asks for.

A stand-in takes the place of each, in its module or class and wherever it was imported to before. It raises when the
student's code calls it, and works as ever for the library that it belongs to, for the checker and for `checks.py`:
`torch.func.grad`, say, calls `torch.autograd.grad` inside.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

Undo = Callable[[], None]


class OffLimits(Exception):
    """What the exercise asks for was called instead of written."""


def forbid(names: Sequence[str], *, trusted: str) -> Undo:
    """Put the stand-ins in place, and give the function that takes them away.

    Args:
        names: dotted names, of functions, methods or classes.
        trusted: the file name of the code that may still call them.

    Raises:
        LookupError: there is no such name.
    """
    undone: list[Undo] = []
    for name in names:
        owner, attribute = _owner(name)
        original = getattr(owner, attribute)
        stand_in = _stand_in(name, original, trusted)
        _replace(owner, attribute, stand_in, undone)
        for module in list(sys.modules.values()):
            for other in [key for key, value in list(vars(module).items()) if value is original]:
                _replace(module, other, stand_in, undone)

    def undo() -> None:
        while undone:
            undone.pop()()

    return undo


def _replace(owner: Any, attribute: str, value: object, undone: list[Undo]) -> None:
    inherited = attribute not in vars(owner)
    before = None if inherited else vars(owner)[attribute]
    setattr(owner, attribute, value)
    undone.append((lambda: delattr(owner, attribute)) if inherited else (lambda: setattr(owner, attribute, before)))


def _owner(name: str) -> tuple[Any, str]:
    """Give the module or class that holds a dotted name, and the last part of the name."""
    *path, attribute = name.split(".")
    for length in range(len(path), 0, -1):
        try:
            owner: Any = import_module(".".join(path[:length]))
        except ModuleNotFoundError:
            continue
        for part in path[length:]:
            owner = getattr(owner, part, None)
        if hasattr(owner, attribute):
            return owner, attribute
        break
    raise LookupError(f"off_limits names {name!r}, which is nowhere: give the dotted name of what exists")


def _stand_in(name: str, original: Any, trusted: str) -> Any:
    library = name.partition(".")[0]

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
        module = str(caller.f_globals.get("__name__", "")).partition(".")[0]
        if module in (library, "checker") or caller.f_code.co_filename == trusted:
            return original(*args, **kwargs)
        raise OffLimits(f"`{name}` is off limits here: this is what the exercise asks you to write")

    return functools.update_wrapper(stand_in, original)
