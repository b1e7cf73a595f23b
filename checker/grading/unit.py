"""The unit of work, bytes in and JSON out: one file for one exercise, with one seed.

It says the same wherever and whenever it is done, so it can be done again, on another machine too. The file always has
the exercise's own name and no neighbours: neither what a student called it nor whose it is can change a word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from checker import frames
from checker.course import Course, Exercise
from checker.grading import record
from checker.sandbox import Workers


@dataclass(frozen=True)
class Order:
    """What to grade, and how."""

    exercise: str
    course: str
    """The version that the course must have; see `course_version`."""
    seed: int
    timeout: float
    """Seconds for each function."""
    data: bytes

    def pack(self) -> bytes:
        """Give the order as bytes."""
        fields = asdict(self)
        return frames.pack(json.dumps(fields | {"data": None}).encode(), fields["data"])

    @classmethod
    def unpack(cls, frame: bytes) -> Order:
        """Give the order that bytes are."""
        text, data = frames.unpack(frame)
        fields: dict[str, Any] = json.loads(text) | {"data": data}
        return cls(**fields)


class WrongCourse(Exception):
    """The course here is not the one that was asked for."""


def perform(order: Order, workers: Workers, course: Course) -> dict[str, Any]:
    """Grade a file, and give the record of the check, in which the seed, which is secret, is not.

    Args:
        order: what to grade.
        workers: where it runs.
        course: what it is compared with.

    Raises:
        WrongCourse: `course` has another version than the order names.
    """
    from checker import exam  # imports torch

    exercise = course.select(order.exercise)
    if course_version(exercise) != order.course:
        raise WrongCourse(f"{exercise.name} is of another version here: bring the same course to every machine")
    file = Path("exercises", f"{exercise.stem}.py")
    submission = exam.Submission(file, order.data, _answer_key(exercise), "cpu", order.seed, order.timeout, alone=True)
    report = exam.grade(workers, exercise.name, submission)
    if any(verdict.status == "crashed" for verdict in report.verdicts):
        report = exam.grade(workers, exercise.name, submission)  # or a system short of memory could fail a student
    return record.of(report)


def patience(exercise: Exercise, timeout: float) -> float:
    """Give the seconds after which a judge that has not answered must be stuck: students' code has less.

    Args:
        exercise: what is graded.
        timeout: seconds for each function.
    """
    twice = 2  # where something crashed
    return 60.0 + twice * len(exercise.functions) * (2 * timeout + 10.0)


@cache
def course_version(exercise: Exercise) -> str:
    """Give what changes whenever a verdict may: a digest of the exercise as it was written, and of versions."""
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    for file in (exercise.checks, exercise.solution, exercise.misconceptions):
        content = file.read_bytes() if file.is_file() else b""
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


@cache
def versions() -> Mapping[str, str]:
    """Give the versions of what a verdict depends on, without importing it."""
    found: dict[str, str] = {}
    for name in ("xorfunc", "torch", "numpy", "hypothesis"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@cache
def _answer_key(exercise: Exercise) -> Any:
    from checker import answer_key  # after the workers' source has started: none of them may hold an answer

    return answer_key.load(exercise.folder)
