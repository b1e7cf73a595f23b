"""What a function is worth, from the `course.toml` of the course folder; one point each, where nothing is said.

    [exercises]            # points of a whole exercise, shared among its functions
    exercise1 = 10

    [functions.exercise4]  # points of a function; its share, where the exercise has points of its own
    minibatches = 3

Points are hundredths, counted exactly: those of the functions add up to those of the exercise, and these to the total.
What the checker does not know is no 0: a file that was handed in and is not graded has no points at all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from checker.course import Course, CourseError, Exercise, nearest
from checker.grading.store import Row

FILE = "course.toml"
TABLES = ("exercises", "functions")
HUNDREDTH = Decimal("0.01")
MOST = Decimal(1_000_000)
"""Points of one function or exercise."""


@dataclass(frozen=True)
class Points:
    """What there is to earn, and what a submission has earned of it."""

    worth: Mapping[str, Mapping[str, Decimal]]
    """By exercise and function, in the order of the course."""

    def most(self, exercise: str | None = None) -> Decimal:
        """Give what can be earned in an exercise, or in all."""
        if exercise is not None:
            return sum(self.worth[exercise].values(), Decimal())
        return sum(map(self.most, self.worth), Decimal())

    def earned(self, row: Row, exercise: str, function: str | None = None) -> Decimal | None:
        """Give what a submission has earned in an exercise, or for a function; None where that is not known.

        Args:
            row: the submission.
            exercise: one that is graded.
            function: one of its functions.
        """
        check = row.checks.get(exercise)
        if check is None:
            return None if exercise in row.sha256 else Decimal()
        passed = {found["name"] for found in check["functions"] if found["status"] == "passed"}
        worth = self.worth[exercise]
        return sum((worth[name] for name in worth if name in passed and function in (None, name)), Decimal())

    def total(self, row: Row) -> Decimal | None:
        """Give what a submission has earned in all exercises; None where some of it is not known."""
        parts = [self.earned(row, exercise) for exercise in self.worth]
        known = [part for part in parts if part is not None]
        return sum(known, Decimal()) if len(known) == len(parts) else None


def read(course: Course, assignment: Mapping[str, Sequence[str]]) -> Points:
    """Give the points of the exercises that are graded.

    Args:
        course: its folder may hold a `course.toml`.
        assignment: the functions of each exercise that is graded.

    Raises:
        CourseError: the file cannot be read, or says something that makes no sense.
    """
    file = course.root / FILE
    try:
        text = file.read_text("utf-8") if file.exists() else ""
        content = tomllib.loads(text, parse_float=Decimal)
    except (OSError, ValueError) as cause:
        raise CourseError(f"{file} cannot be read: {cause}.") from cause
    return of(content, course, assignment)


def of(content: Mapping[str, Any], course: Course, assignment: Mapping[str, Sequence[str]]) -> Points:
    """Give the points that the content of a `course.toml` says; see `read`."""
    for name in content:
        if name not in TABLES:
            raise CourseError(
                f"{FILE} has no use for [{name}]{nearest(name, TABLES)} It has [exercises] and [functions.…]."
            )
    wholes = {
        exercise.name: _points(value, f"{exercise.name} in [exercises]")
        for exercise, value in _by_exercise(content, "exercises", course)
    }
    weights = {
        exercise.name: _weights(exercise, table) for exercise, table in _by_exercise(content, "functions", course)
    }
    worth: dict[str, dict[str, Decimal]] = {}
    for exercise, functions in assignment.items():
        own = {name: weights.get(exercise, {}).get(name, Decimal(1)) for name in functions}
        worth[exercise] = _shared(wholes[exercise], own, exercise) if exercise in wholes else own
    return Points(worth)


def _by_exercise(content: Mapping[str, Any], table: str, course: Course) -> list[tuple[Exercise, Any]]:
    entries = content.get(table, {})
    if not isinstance(entries, dict):
        raise CourseError(f"{FILE}: `{table}` must be a table: write [{table}] on a line of its own.")
    found: dict[str, tuple[Exercise, Any]] = {}
    for name, value in entries.items():
        try:
            exercise = course.select(name)
        except CourseError as error:
            raise CourseError(f"{FILE}, [{table}]: {error}") from None
        if exercise.name in found:
            raise CourseError(f"{FILE}, [{table}]: {exercise.name} is there twice: leave one of them.")
        found[exercise.name] = exercise, value
    return list(found.values())


def _weights(exercise: Exercise, table: Any) -> dict[str, Decimal]:
    where = f"[functions.{exercise.name}]"
    if not isinstance(table, dict):
        raise CourseError(f"{FILE}: {exercise.name} in [functions] must be a table: write {where} above its functions.")
    found: dict[str, Decimal] = {}
    for name, value in table.items():
        try:
            exercise.function(name)
        except CourseError as error:
            raise CourseError(f"{FILE}, {where}: {error}") from None
        found[name] = _points(value, f"{name} in {where}")
    return found


def _points(value: Any, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CourseError(f"{FILE}: {what} is {value!r}, and must be a number of points.")
    points = Decimal(value)
    if not (points.is_finite() and 0 <= points <= MOST):
        raise CourseError(f"{FILE}: {what} is {value}, and must be from 0 to {MOST:,}.")
    if points != points.quantize(HUNDREDTH):
        raise CourseError(f"{FILE}: {what} is {value}, and must have two decimals at most.")
    return points


def _shared(whole: Decimal, weights: Mapping[str, Decimal], exercise: str) -> dict[str, Decimal]:
    """Share in hundredths, the left-over ones to those that lost most by rounding down."""
    together = sum(weights.values(), Decimal())
    if not together:
        raise CourseError(f"{FILE}: all functions of {exercise} have 0 points, so its {whole} cannot be shared.")
    exact = {name: whole * weight / together for name, weight in weights.items()}
    shares = {name: share.quantize(HUNDREDTH, "ROUND_FLOOR") for name, share in exact.items()}
    left = int((whole - sum(shares.values())) / HUNDREDTH)
    for name in sorted(weights, key=lambda name: shares[name] - exact[name])[:left]:
        shares[name] += HUNDREDTH
    return shares


def plain(points: Decimal) -> str:
    """Points as text, without zeros that say nothing.

    >>> plain(Decimal("10.00")), plain(Decimal("2.50")), plain(Decimal(100))
    ('10', '2.5', '100')
    """
    text = f"{points:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
