"""Whether the checker's own code in a worker is as it was before a student's file ran there.

A trial and what makes data of its answer run in one process with the student's file, which could replace them and have
them tell what is expected. Values would have to be right all the same; what only a worker sees (that an argument is as
it was, which words a trial found) would not. So the worker looks at itself before it answers: at the modules that take
part, at their functions and classes, at `checks.py` and at the laws. The one who looks is an audit hook, as in `vault`.

It is no wall either: who writes answers to the channel by hand is not seen here, and needs right values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from operator import attrgetter, is_
from types import FunctionType
from typing import Any

MODULES = (
    *("worker", "frames", "wire", "observation", "law", "laws", "global_state", "own_lines", "student_file"),
    *("pretended_gpu", "busy_time", "off_limits", "vault", "untouched"),
)
"""Those of the checker that take part in an answer."""
EVENT = "checker.untouched"


def watch(names: Mapping[str, Any], laws: Mapping[str, Mapping[str, Any]]) -> Callable[[], bool]:
    """Take note of everything as it is now; give the function that says whether it is so still.

    Args:
        names: those of `checks.py`.
        laws: the laws that each function is asked about, by their names.
    """
    places = [vars(module) for name in MODULES if (module := sys.modules.get(f"checker.{name}")) is not None]
    all_laws = [law for some in laws.values() for law in some.values()]
    places += [names, laws, *laws.values(), *map(vars, all_laws)]
    found = [value for place in places for value in place.values()]
    types = dict.fromkeys(value for value in found if isinstance(value, type))  # many modules name the same
    classes = [value for value in types if value.__module__.startswith("checker")]
    places += map(vars, classes)
    functions = list(set(_functions([*found, *(v for c in classes for v in vars(c).values())])))
    places += [function.__kwdefaults__ for function in functions if function.__kwdefaults__]
    marker = object()
    sys.addaudithook(_hook(places, all_laws, functions, marker))
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


def _hook(
    places: Sequence[Mapping[str, Any]], laws: Sequence[Any], functions: Sequence[FunctionType], marker: object
) -> Callable[[str, tuple[Any, ...]], None]:
    """Give the audit hook, which looks nothing up where a student's file could put something of its own.

    It looks at all places after each answer: their first names must hold what they held, and others may follow. Python
    itself tells when a function gets other code or defaults.
    """
    event_of_ours, setting, deleting = EVENT, "object.__setattr__", "object.__delattr__"
    each, same, every, always = map, is_, all, repeat  # not `id`, nor a function's attributes: those are events, too
    first, one_by_one, dict_of = islice, chain.from_iterable, vars
    cells = [cell for function in functions for cell in function.__closure__ or ()]
    content = attrgetter("cell_contents")
    contents = list(map(content, cells))
    held, sizes = [*(place.values() for place in places), (marker,)], [*map(len, places), 1]
    before = list(one_by_one(held))  # ends with the marker, so that a name less anywhere leaves something out of place
    dicts = list(map(vars, laws))
    changed: list[str] = []

    def is_untouched() -> bool:
        return (
            not changed
            and every(each(same, one_by_one(each(first, held, sizes)), before))
            and every(each(same, each(dict_of, laws), dicts))
            and every(each(same, each(content, cells), contents))
        )

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == event_of_ours and args[0] is marker:
            args[1].append(is_untouched())
        elif event in (setting, deleting) and True in [*each(same, functions, always(args[0]))]:
            changed.append(event)

    return hook
