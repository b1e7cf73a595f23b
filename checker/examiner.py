"""A checker that stays: torch imported, workers at hand, answer keys read, and one check after another.

    with Examiner(start_workers, tell) as examiner:
        examiner.check(1, exercise, source, ["hvp", "jacobian"])

Checks run on a thread of their own, so whoever asked can look after a keyboard meanwhile. A new check ends the one at
work, even one that hangs: nobody wants to know any more. Answer keys are loaded after the workers were started, as in
every check, and kept with the cases that were drawn and the right answers to them; that halves the time of a check.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from checker.course import Exercise
from checker.verdict import Report, Verdict

if TYPE_CHECKING:
    from checker.answer_key import AnswerKey
    from checker.sandbox import Workers

FRESH_AFTER = 50
"""Checks with one answer key: it remembers every case that was ever shrunk, and should not grow for a whole day."""
LAST_WORDS = 5.0
"""Seconds that the check at work gets to notice that it is over."""


@dataclass(frozen=True)
class Judged:
    """A verdict of the check of this number."""

    number: int
    verdict: Verdict


@dataclass(frozen=True)
class Finished:
    """The check of this number is complete."""

    number: int
    report: Report


@dataclass(frozen=True)
class Broke:
    """The checker itself failed; no check comes after it."""

    error: BaseException


Told = Judged | Finished | Broke


class _Dropped(Exception):
    """Another check is wanted by now."""


@dataclass(frozen=True)
class _Order:
    number: int
    exercise: Exercise
    source: bytes
    functions: tuple[str, ...]


@dataclass
class _Kept:
    key: AnswerKey
    made_from: tuple[tuple[Path, int], ...]
    checks: int = 0


class Examiner:
    """Checks one exercise after another, and tells what it finds."""

    def __init__(
        self,
        start_workers: Callable[[Callable[[], bool]], Workers],
        tell: Callable[[Told], None],
        *,
        device: str = "auto",
        seed: int = 0,
        timeout: float = 10.0,
    ) -> None:
        """Import torch and start the workers; see `checker.sandbox` for why this comes before all else.

        Args:
            start_workers: gives the workers, told how to see that a check was given up.
            tell: is told of each verdict and of the end, on the examiner's thread.
            device: where inputs are made, as in `exam.check`.
            seed: decides which inputs are drawn.
            timeout: seconds that one function may take.
        """
        self._wanted = self._at_work = 0
        self._workers = start_workers(lambda: self._at_work != self._wanted)
        self._tell = tell
        self._device, self._seed, self._timeout = device, seed, timeout
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._kept: dict[Path, _Kept] = {}
        self._thread = threading.Thread(target=self._run, name="examiner", daemon=True)

    def check(self, number: int, exercise: Exercise, source: bytes, functions: Sequence[str]) -> None:
        """Begin a check, and end the one at work.

        Args:
            number: above 0, and unlike any before it; what is told of this check carries it.
            exercise: what is solved.
            source: the student's file.
            functions: what to check, in this order.
        """
        self._wanted = number
        self._orders.put(_Order(number, exercise, source, tuple(functions)))

    def drop(self) -> None:
        """End the check at work, if there is one."""
        self._wanted = -1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.drop()
        self._orders.put(None)
        self._thread.join(LAST_WORDS)
        self._workers.__exit__(None, None, None)

    def _run(self) -> None:
        try:
            while (order := self._orders.get()) is not None:
                self._at_work = order.number
                if order.number == self._wanted:
                    self._check(order)
        except BaseException as error:  # told on the thread that can end the program
            self._tell(Broke(error))

    def _check(self, order: _Order) -> None:
        from checker import exam  # imports torch

        def on_verdict(verdict: Verdict) -> None:
            if order.number != self._wanted:
                raise _Dropped
            self._tell(Judged(order.number, verdict))

        file, key = order.exercise.file, self._key(order.exercise)
        device = exam.device_for(self._device)
        submission = exam.Submission(file, order.source, key, device, self._seed, self._timeout)
        try:
            report = exam.grade(self._workers, order.exercise.name, submission, order.functions, on_verdict=on_verdict)
        except _Dropped:
            return
        self._tell(Finished(order.number, report))

    def _key(self, exercise: Exercise) -> AnswerKey:
        """Give the answer key, read anew when an instructor has changed it."""
        from checker import answer_key

        made_from = tuple((file, file.stat().st_mtime_ns) for file in sorted(exercise.folder.glob("*.py")))
        kept = self._kept.get(exercise.folder)
        if kept is None or kept.made_from != made_from or kept.checks >= FRESH_AFTER:
            kept = self._kept[exercise.folder] = _Kept(answer_key.load(exercise.folder), made_from)
        kept.checks += 1
        return kept.key
