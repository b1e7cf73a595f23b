"""A judge: a process that grades one unit after the other, and whose death costs at most the unit that it was at.

The run's side sends orders and receives answers over two pipes, and can wait for many judges at once; `nursery` starts
them. The judge's own side holds the solutions. It therefore lets nobody look into it, starts its workers before it
reads any solution, and dies with the run.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from checker import frames, limits
from checker.course import Course, find
from checker.ending import Process
from checker.frames import WireError
from checker.grading import faults, unit
from checker.grading.handed_in import shown
from checker.grading.unit import Order

TRACEBACK = "XOR_CHECK_TRACEBACK"
READING = 5.0
"""Seconds in which a thread that reads a dead judge's answers comes to their end."""
MOST_SAID = 500


class Gone(Exception):
    """The judge has died, or is as good as dead."""


@dataclass(frozen=True)
class Setting:
    """What a judge is started with."""

    course: str
    """The course folder."""
    exercises: tuple[str, ...]
    """What it will be asked about."""
    scratch: str
    """An empty folder to stand in, where there is no sandbox with one of its own."""
    enclosed: bool = False
    """Whether students' code runs in bubblewrap."""
    hidden: tuple[str, ...] = ()
    """Folders that it must not see there, wherever they are."""


@dataclass(frozen=True)
class Answer:
    """What a judge says of a unit."""

    check: Mapping[str, Any] | None
    failure: str | None
    """Why there is no check: the checker itself failed."""
    lost: str | None = None
    """Why there is none: the judge died of it, on another machine."""


class Judge:
    """The run's side of one judge."""

    remote = False

    def __init__(self, process: Process, orders: int, answers: int, setting: Setting) -> None:
        """Have a new process be a judge.

        Args:
            process: it, in `serve`.
            orders: the file where it reads them at the other end; the judge's side owns it from now on.
            answers: the same, of what it says.
            setting: what it is told first.
        """
        self._process = process
        self._orders, self._answers = orders, answers
        self._reading = threading.Lock()
        self._how = ""
        with suppress(OSError):  # it is gone already, which the first answer will tell
            frames.send(orders, frames.pack(json.dumps(asdict(setting)).encode(), b""))

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def fileno(self) -> int:
        """Give the file that can be read when there is an answer."""
        return self._answers

    def receive(self) -> Any:
        """Give what the judge says next: that it is ready, at first, and then an answer an order.

        Raises:
            Gone: it is dead.
        """
        try:
            with self._reading:
                text, _ = frames.unpack(frames.receive(self.fileno()))
            return json.loads(text)
        except (EOFError, OSError, WireError, ValueError) as error:
            raise Gone from error

    def answer(self) -> Answer:
        """Give the answer to the order that was sent.

        Raises:
            Gone: it is dead.
        """
        return Answer(**self.receive())

    def send(self, order: Order) -> None:
        """Give it an order.

        Raises:
            Gone: it is dead.
        """
        try:
            frames.send(self._orders, order.pack())
        except OSError as error:
            raise Gone from error

    def end(self, patience: float = 0.0) -> str:
        """End it with all that it has started, and say how it ended.

        Args:
            patience: seconds that it gets to leave by itself.
        """
        if self._how:
            return self._how
        os.close(self._orders)
        code = self._process.end(patience).code
        self._how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        if self._reading.acquire(timeout=READING):  # or the file's number could be another's while a thread reads it
            os.close(self._answers)
            self._reading.release()
        return self._how


# The judge's own side


def serve(orders: int, answers: int) -> NoReturn:
    """Be a judge until nobody has orders any more.

    Args:
        orders: the file that they come from: at first the setting.
        answers: the file that answers go to.
    """
    limits.hide()
    for file in (orders, answers):
        os.set_inheritable(file, False)
    os.dup2(2, 1)
    try:
        with suppress(EOFError, OSError, KeyboardInterrupt):
            _serve(orders, answers)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _serve(orders: int, answers: int) -> None:
    text, _ = frames.unpack(frames.receive(orders))
    setting = Setting(**json.loads(text))
    os.chdir(setting.scratch)
    os.environ["TMPDIR"] = tempfile.tempdir = os.getcwd()
    course = find(Path(setting.course))
    from checker import sandbox  # imports torch

    preload = _preload(course, setting.exercises)
    with sandbox.start(preload=preload, enclosed=setting.enclosed, hidden=setting.hidden) as workers:
        frames.send(answers, frames.pack(b"{}", b""))
        while True:
            order = Order.unpack(frames.receive(orders))
            faults.point("ordered")
            try:
                answer = _frame(Answer(unit.perform(order, workers, course), None))
            except ConnectionError:  # where workers came from is gone, and a new source must not come after the answers
                raise
            except Exception as error:
                if os.environ.get(TRACEBACK):
                    traceback.print_exc()
                answer = _frame(Answer(None, shown(f"{type(error).__name__}: {error}")[:MOST_SAID]))
            faults.point("judged")
            frames.send(answers, answer)


def _frame(answer: Answer) -> bytes:
    """Give the bytes of an answer.

    Raises:
        ValueError: it holds a number that JSON has not.
        WireError: it is too long.
    """
    return frames.pack(json.dumps(asdict(answer), allow_nan=False).encode(), b"")


def _preload(course: Course, exercises: Sequence[str]) -> list[str]:
    return [name for exercise in exercises for name in course.select(exercise).preload]
