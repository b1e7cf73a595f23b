"""Names that a student's file must not use, because they are what the exercise asks for.

A stand-in takes the place of each, in its module or class and wherever it was imported to before. It raises when the
student's code calls it, and works as ever for the library that it belongs to, for the checker and for `checks.py`:
`torch.func.grad`, say, calls `torch.autograd.grad` inside. What stands behind it, and who may call, is kept by a
`Vault`, out of reach of the student's file.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from checker.vault import Vault, hand_over

Undo = Callable[[], None]

IMPORTABLE = (FunctionType, BuiltinFunctionType, type)
"""What modules import from each other by name, and `look_around` takes note of."""
_imported: dict[int, list[tuple[ModuleType, str]]] = {}
"""By the address of a thing: the modules that had it of another one at the last look, and its names there."""
_seen = 0
"""How many modules there were."""


class OffLimits(Exception):
    """What the exercise asks for was called instead of written."""


def forbid(names: Sequence[str], *, trusted: Mapping[str, Any], closed: Sequence[str] = ()) -> Undo:
    """Put the stand-ins in place, and give the function that takes them away.

    Args:
        names: dotted names, of functions, methods or classes.
        trusted: the names of a module whose functions may still call them.
        closed: files that cannot be opened meanwhile.

    Raises:
        LookupError: there is no such name.
    """
    if not (names or closed):
        return lambda: None
    undone: list[Undo] = []
    vault = Vault(trusted, closed)
    found = [(name, *_owner(name)) for name in names]  # all at first: an import may call what is forbidden afterwards
    for name, owner, attribute in found:
        original = getattr(owner, attribute)
        stand_in = _stand_in(name, original)
        vault.keep(name, original, stand_in)
        _replace(owner, attribute, stand_in, undone)
        for module, other in list(_holders(original)):
            _replace(module, other, stand_in, undone)
    vault.close()
    undone.append(vault.open)

    def undo() -> None:
        while undone:
            undone.pop()()

    return undo


def look_around() -> None:
    """Note for `forbid`, here and in processes forked from this one, which module holds a name of another.

    To look at all modules takes such a process longer than all else: it gets a copy of every page that it touches.
    """
    global _seen
    if _seen:  # here, or in the process that this one was forked from; `forbid` looks through what came later
        return
    _seen = len(sys.modules)
    for module in _modules(sys.modules):
        for key, value in list(vars(module).items()):
            if issubclass(type(value), IMPORTABLE) and value.__module__ != vars(module).get("__name__"):
                _imported.setdefault(id(value), []).append((module, key))


def _holders(thing: Any) -> Iterator[tuple[ModuleType, str]]:
    """Give the modules that hold a thing, and the names that it has there."""
    if issubclass(type(thing), IMPORTABLE):
        yield from ((module, key) for module, key in _imported.get(id(thing), ()) if vars(module).get(key) is thing)
        newest = islice(reversed(sys.modules), max(0, len(sys.modules) - _seen))  # they come last
        searched = _modules([thing.__module__, *newest])
    else:
        searched = _modules(sys.modules)
    for module in searched:
        yield from ((module, key) for key, value in list(vars(module).items()) if value is thing)


def _modules(names: Iterable[str]) -> list[ModuleType]:
    """Give modules by name; anything may stand in `sys.modules`, and None where an import is blocked."""
    found = map(sys.modules.get, dict.fromkeys(names))
    return [module for module in found if isinstance(module, ModuleType)]


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


def _stand_in(name: str, original: Any) -> Any:
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        behind = hand_over(name)
        if not behind:
            raise OffLimits(f"`{name}` is off limits here: this is what the exercise asks you to write")
        return behind.pop()(*args, **kwargs)  # no frame keeps it while it runs

    functools.update_wrapper(stand_in, original, updated=())
    del vars(stand_in)["__wrapped__"]
    return stand_in
