"""Time as a pretended GPU passes it: a device that is busy for seconds, and clocks that show it.

Python's clocks are pretended to one function and to whatever it imports while it runs: the monotonic ones go on when
somebody waits for the device, the system's clock is set back at every look, and processor time stands still. So what
a function measures shows which clock it read, and whether it waited, on machines of any speed.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

WORK = 5.0
"""Pretended seconds that one operation keeps the device busy."""
REAL_WAIT = 0.01
"""Seconds that waiting takes by the real clock, for a function that reads one which cannot be pretended."""
TICK = 1e-6
SET_BACK = 3600.0
"""By how much the system's clock is set back each time that it is read."""

Replacement = tuple[Any, str, Any]
"""Where a stand-in goes, an object or a dict, under which name, and the stand-in."""


class BusyTime:
    """The time, and how long the device is busy."""

    def __init__(self) -> None:
        self.now = self.done = 1000.0
        self._reads = 0
        self._wrong_clock: str | None = None

    def launch(self) -> None:
        """Begin an operation of the device."""
        self.done = max(self.now, self.done) + WORK

    def wait(self, *_: object, **__: object) -> None:
        """Let time pass until the device has nothing left to do."""
        if self.done > self.now:
            time.sleep(REAL_WAIT)
            self.now = self.done

    def read(self) -> float:
        """Give the time by a monotonic clock."""
        self._reads += 1
        self.now += TICK
        return self.now

    def read_wall(self) -> float:
        """Give the time by the system's clock, which somebody sets back all the time."""
        self._wrong_clock = "the clock on the wall, which may be set back"
        return self.read() - SET_BACK * self._reads

    def read_processor(self) -> float:
        """Give the processor time of this process, which does not pass while it waits."""
        self._wrong_clock = "processor time, which stands still while it waits"
        self._reads += 1
        return TICK * self._reads

    def counted(self, seconds: object) -> str:
        """Say whether a measured time counts the work of one operation, and nothing beside it."""
        if self._wrong_clock is not None:
            return f"measured by {self._wrong_clock}"
        if not isinstance(seconds, float) or seconds <= 0:
            return elapsed(seconds)
        work = WORK if self._reads else REAL_WAIT
        if seconds < work:
            return "not waited for" if self.now < self.done else "waited for after the clock has stopped"
        return "counted" if seconds < 100 * work else "counted in another unit"


def elapsed(seconds: object) -> str:
    """Say whether a measured time can be one."""
    if not isinstance(seconds, float):
        return f"measured by an object of type {type(seconds).__name__}"
    return "more than 0" if seconds > 0 else "not more than 0"


def clocks(busy: BusyTime, names: Mapping[str, Any]) -> Iterator[Replacement]:
    """Give the stand-ins for Python's clocks, wherever a function of a module could find one.

    Args:
        busy: the time that they show.
        names: the globals of that module.
    """
    seconds: dict[str, Callable[[], float]] = {
        "perf_counter": busy.read,
        "monotonic": busy.read,
        "time": busy.read_wall,
        "process_time": busy.read_processor,
    }
    nanoseconds = {f"{name}_ns": lambda read=read: int(1e9 * read()) for name, read in seconds.items()}
    functions: dict[str, Callable[[], float]] = {**seconds, **nanoseconds}

    class Datetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # pyright: ignore[reportIncompatibleMethodOverride]
            return datetime.datetime.fromtimestamp(1e9 + busy.read_wall(), tz)

    times, dates = _changed(time, functions), _changed(datetime, {"datetime": Datetime})
    yield sys.modules, "time", times  # for an import inside of the function
    yield sys.modules, "datetime", dates
    known: list[tuple[Any, Any]] = [(time, times), (datetime, dates), (datetime.datetime, Datetime)]
    known += [(getattr(time, name), function) for name, function in functions.items()]
    for name, value in list(names.items()):
        yield from ((names, name, instead) for original, instead in known if value is original)
        if isinstance(value, ModuleType) and value.__name__ == "timeit":
            yield value, "default_timer", busy.read


def _changed(module: ModuleType, names: Mapping[str, Any]) -> ModuleType:
    twin = ModuleType(module.__name__)
    vars(twin).update({**vars(module), **names})
    return twin
