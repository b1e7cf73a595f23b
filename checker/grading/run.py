"""A run: units out of the store to judges, answers back into it, until nothing is left to do.

One process holds the store and watches over judges; they are started, given one unit at a time, and replaced when they
die. A unit of which three have died is parked. Everything that matters is in the store at any moment, so a run can be
stopped or killed anywhere and the next one goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from checker.course import Course, Exercise
from checker.grading import faults, presence
from checker.grading.judge import Answer, Gone, Setting
from checker.grading.store import LEASE, Progress, State, Store, Unit
from checker.grading.unit import Order, course_version, patience

GLANCE = 0.2
MAX_FALSE_STARTS = 3
"""So many judges in a row may die before they are ready."""
SLOW_START = 300.0
"""Seconds that a judge may take to be ready."""


class NoJudge(Exception):
    """Judges die before they are ready: nothing can be graded here."""


@dataclass(frozen=True)
class Plan:
    """What is graded, and how."""

    course: Course
    exercises: Sequence[Exercise]
    seed: int
    seed_name: str
    """Stands for the seed in the store, and gives nothing away."""
    timeout: float
    workers: int
    enclosed: bool
    """Whether students' code runs in bubblewrap."""
    hidden: tuple[str, ...] = ()
    """Folders that students' code must not see, wherever they are."""

    @property
    def names(self) -> list[str]:
        """The names of the exercises."""
        return [exercise.name for exercise in self.exercises]

    def versions(self) -> dict[str, str]:
        """Give the course version of each exercise."""
        return {exercise.name: course_version(exercise) for exercise in self.exercises}

    def order(self, unit: Unit) -> Order:
        """Give the order to grade a unit."""
        return Order(unit.exercise, unit.course, self.seed, self.timeout, unit.data)


OnProgress = Callable[[Progress], None]


class AnyJudge(Protocol):
    """What grades one unit after the other: a process of this machine, or whatever a cluster has room for."""

    remote: bool
    """Whether others look after it: they end what takes too long, and it is no unit's fault when it is gone."""

    def send(self, order: Order) -> None:
        """Give it an order; raises `Gone`."""
        ...

    def receive(self) -> Any:
        """Give that it is ready, and then an answer an order; raises `Gone`."""
        ...

    def end(self) -> str:
        """End it, and say how it ended."""
        ...


def grade(
    store: Store,
    plan: Plan,
    out: Path,
    token: str,
    scratch: Path,
    on_progress: OnProgress,
    make: Callable[[Setting], AnyJudge],
) -> None:
    """Grade all that waits.

    Args:
        store: where the units are.
        plan: what is graded, and how.
        out: the folder of the store.
        token: the run's name.
        scratch: the run's own folder.
        on_progress: told now and then how far it is.
        make: makes a judge.

    Raises:
        NoJudge: no judge can be started.
        KeyboardInterrupt: somebody wants it to stop; what was at work is given back.
    """
    setting = Setting(str(plan.course.root), tuple(plan.names), str(scratch), plan.enclosed, plan.hidden)
    bench = _Bench(lambda: make(setting))
    try:
        _Run(store, plan, out, token, bench, on_progress).finish()
    finally:
        bench.close()
        store.release(token)


@dataclass
class _Seat:
    """A place for a judge, and what the judge is at."""

    judge: AnyJudge
    deadline: float
    ready: bool = False
    unit: Unit | None = None


@dataclass
class _Run:
    store: Store
    plan: Plan
    out: Path
    token: str
    bench: _Bench
    on_progress: OnProgress
    renewed: float = field(default_factory=time.monotonic)

    def finish(self) -> None:
        """Give out units and take in answers until there are no more."""
        self.free_the_forsaken()
        while True:
            self.on_progress(self.store.progress())
            self.give_out()
            if not self.bench.at_work and not self.store.waiting(self.plan.names):
                if not self.store.claimants(self.plan.names):
                    return
                time.sleep(GLANCE)  # another run is at work on what is left
                self.free_the_forsaken()
            for seat, message in self.bench.heard(GLANCE):
                self.take_in(seat, message)
            for seat in self.bench.overdue():
                self.lose(seat, "did not answer in time")
            if time.monotonic() > self.renewed + LEASE / 3:
                self.renewed = time.monotonic()
                self.store.renew(self.token)

    def give_out(self) -> None:
        """Have each idle judge, and new ones while there are too few, work at a unit."""
        for seat in self.bench.idle():
            unit = self.store.claim(self.token, self.plan.names)
            if unit is None:
                return
            exercise = self.plan.course.select(unit.exercise)
            self.bench.send(seat, unit, self.plan.order(unit), patience(exercise, self.plan.timeout))
        wanted = self.store.waiting(self.plan.names)
        while self.bench.starting < wanted and len(self.bench.seats) < self.plan.workers:
            self.bench.start()

    def take_in(self, seat: _Seat, message: Any) -> None:
        """Write down what a judge says."""
        if message is None:
            self.lose(seat, "ended")
        elif not seat.ready:
            seat.ready = True
            self.bench.false_starts = 0
        elif seat.unit is not None:
            unit, seat.unit = seat.unit, None
            answer = Answer(**message)
            if answer.check is not None:
                self.store.record(unit, self.token, answer.check)
            elif answer.lost is not None:
                self.store.failed(unit, self.token, State.PARKED, answer.lost)
            else:
                self.store.failed(unit, self.token, State.CRASHED, f"the checker failed ({answer.failure})")

    def lose(self, seat: _Seat, how: str) -> None:
        """Go on without a judge that is gone."""
        ending = self.bench.end(seat)
        if seat.judge.remote:
            raise NoJudge(f"{ending}. What is recorded stays, and the same call goes on with the rest")
        if seat.unit is not None:
            self.store.failed(seat.unit, self.token, State.PARKED, f"its judge {how} ({ending})")
        elif not seat.ready:
            self.bench.false_starts += 1
            if self.bench.false_starts >= MAX_FALSE_STARTS:
                raise NoJudge(
                    f"no judge can be started: {MAX_FALSE_STARTS} have {how} before they were ready ({ending})"
                )

    def free_the_forsaken(self) -> None:
        """Take back the claims of runs that are no more."""
        for token in self.store.claimants(self.plan.names):
            if token != self.token and presence.gone(self.out, token):
                self.store.release(token)


class _Bench:
    """The judges at hand. Each is heard by a thread, since pipes cannot be waited for together on every system."""

    def __init__(self, make: Callable[[], AnyJudge]) -> None:
        self._make = make
        self._heard: SimpleQueue[tuple[_Seat, Any]] = SimpleQueue()
        self.seats: list[_Seat] = []
        self.false_starts = 0

    def start(self) -> None:
        """Start one more; by the main thread, since the system ends a judge with the thread that made it."""
        try:
            judge = self._make()
        except OSError as error:
            raise NoJudge(f"no judge can be started: {error}") from error
        seat = _Seat(judge, time.monotonic() + SLOW_START)
        self.seats.append(seat)
        threading.Thread(target=self._listen, args=(seat,), daemon=True).start()
        faults.point("started")

    def _listen(self, seat: _Seat) -> None:
        try:
            while True:
                self._heard.put((seat, seat.judge.receive()))
        except Gone:
            self._heard.put((seat, None))

    def heard(self, seconds: float) -> list[tuple[_Seat, Any]]:
        """Give what was said by judges that are still there, as soon as one says something."""
        try:
            messages = [self._heard.get(timeout=seconds)]
            while not self._heard.empty():
                messages.append(self._heard.get())
        except Empty:
            return []
        return [(seat, message) for seat, message in messages if seat in self.seats]

    def idle(self) -> list[_Seat]:
        """Give those that wait for a unit."""
        return [seat for seat in self.seats if seat.ready and seat.unit is None]

    def overdue(self) -> list[_Seat]:
        """Give those that should have answered by now."""
        waited_for = [seat for seat in self.seats if (seat.unit or not seat.ready) and not seat.judge.remote]
        return [seat for seat in waited_for if time.monotonic() > seat.deadline]

    @property
    def at_work(self) -> int:
        """How many are at a unit."""
        return sum(seat.unit is not None for seat in self.seats)

    @property
    def starting(self) -> int:
        """How many are not ready yet."""
        return sum(not seat.ready for seat in self.seats)

    def send(self, seat: _Seat, unit: Unit, order: Order, patience: float) -> None:
        """Give a judge a unit; where the judge is gone, its thread will say so."""
        seat.unit, seat.deadline = unit, time.monotonic() + patience
        with suppress(Gone):
            seat.judge.send(order)

    def end(self, seat: _Seat) -> str:
        """Let a judge go, and say how it ended."""
        if seat in self.seats:
            self.seats.remove(seat)
        return seat.judge.end()

    def close(self) -> None:
        """End all judges."""
        for seat in list(self.seats):
            self.end(seat)
