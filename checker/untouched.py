"""Whether the checker's own code in a worker is as it was before a student's file ran there.

A trial and what makes data of its answer run in one process with the student's file, which could replace them and have
them tell what is expected. Values would have to be right all the same; what only a worker sees (that an argument is as
it was, which words a trial found) would not. So the worker looks at itself before it answers: at the modules that take
part, at their functions and classes, at `checks.py` and at the laws. The one who looks is an audit hook, as in `vault`.

It is no wall either: who writes answers to the channel by hand is not seen here, and needs right values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

MODULES = (
    *("worker", "frames", "wire", "observation", "law", "laws", "global_state", "own_lines", "student_file"),
    *("pretended_gpu", "busy_time", "spec", "inputs", "off_limits", "vault", "untouched", "job", "ending"),
)
"""Those of the checker that take part in an answer."""
EVENT = "checker.untouched"


def watch(names: Mapping[str, Any], laws: Mapping[str, Any]) -> Callable[[], bool]:
    """Take note of everything as it is now; give the function that says whether it is so still.

    Args:
        names: those of `checks.py`.
        laws: the laws that a function is asked about.
    """
    places = [vars(module) for name in MODULES if (module := sys.modules.get(f"checker.{name}")) is not None]
    places += [names, laws, *map(vars, laws.values())]
    found = [value for place in places for value in place.values()]
    classes = [value for value in found if isinstance(value, type) and value.__module__.startswith("checker")]
    noted = [(place, dict(place)) for place in [*places, *map(vars, classes)]]
    functions = [_noted(function) for function in _functions([*found, *(v for c in classes for v in vars(c).values())])]
    marker = object()
    sys.addaudithook(_hook(noted, functions, marker))
    return _asking(marker)


def _asking(marker: object, audit: Callable[..., None] = sys.audit) -> Callable[[], bool]:
    def is_untouched() -> bool:
        found: list[bool] = []
        audit(EVENT, marker, found)
        return found == [True]

    return is_untouched


def _functions(values: Iterable[Any]) -> Iterator[FunctionType]:
    for value in values:
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, property):
            value = value.fget
        if isinstance(value, FunctionType):
            yield value
            for cell in value.__closure__ or ():
                if isinstance(cell.cell_contents, FunctionType):
                    yield cell.cell_contents


def _noted(function: FunctionType) -> tuple[FunctionType, CodeType, Any, Any, list[tuple[Any, Any]]]:
    cells = [(cell, cell.cell_contents) for cell in function.__closure__ or ()]
    return function, function.__code__, function.__defaults__, function.__kwdefaults__, cells


def _hook(
    noted: list[tuple[Mapping[str, Any], dict[str, Any]]], functions: list[Any], marker: object
) -> Callable[[str, tuple[Any, ...]], None]:
    """Give the audit hook, which looks nothing up where a student's file could put something of its own."""
    event_of_ours, missing = EVENT, object()

    def is_untouched() -> bool:
        for place, before in noted:
            for name, value in before.items():
                if place.get(name, missing) is not value:
                    return False
        for function, code, defaults, keywords, cells in functions:
            if function.__code__ is not code or function.__defaults__ is not defaults:
                return False
            if function.__kwdefaults__ != keywords:
                return False
            for cell, content in cells:
                if cell.cell_contents is not content:
                    return False
        return True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == event_of_ours and args[0] is marker:
            args[1].append(is_untouched())

    return hook
