"""What a class as a whole did: how marks are distributed, which functions are hard, which mistakes are common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from checker.grading.near_copies import NearCopy
from checker.grading.points import Points
from checker.grading.store import Row, State

BINS = 10
MOST_MISCONCEPTIONS = 5
"""Of one function."""


@dataclass(frozen=True)
class Bin:
    """Submissions whose marks lie in one tenth of what can be earned."""

    label: str
    count: int


@dataclass(frozen=True)
class Mistake:
    """A known mistake, and how many made it."""

    name: str
    advice: str
    count: int


@dataclass(frozen=True)
class Function:
    """What became of one function."""

    exercise: str
    name: str
    statuses: Mapping[str, int]
    """How many have each, the most frequent first; those without a file are not counted."""
    mistakes: Sequence[Mistake]

    @property
    def handed_in(self) -> int:
        """How many have a verdict on it."""
        return sum(self.statuses.values())

    @property
    def passed(self) -> int:
        """For how many it passed."""
        return self.statuses.get("passed", 0)


@dataclass(frozen=True)
class Pair:
    """Two who are alike, in one exercise or more."""

    student: str
    other: str | None
    """None stands for the reference solution."""
    exercises: Mapping[str, float]
    """The share that is alike."""


@dataclass(frozen=True)
class Summary:
    """The class."""

    states: Mapping[State, Sequence[Row]]
    """The submissions in each state that occurs."""
    bins: Sequence[Bin]
    known: int
    """How many marks are known."""
    median: Decimal | None
    functions: Sequence[Function]
    pairs: Sequence[Pair]
    """The most alike first: in many exercises, and much."""


def summary(rows: Sequence[Row], points: Points, near_copies: Iterable[NearCopy]) -> Summary:
    """Give the summary of all submissions.

    Args:
        rows: the submissions.
        points: what there is to earn.
        near_copies: what is pointed out.
    """
    totals = [total for row in rows if (total := points.total(row)) is not None]
    return Summary(
        {state: found for state in State if (found := [row for row in rows if row.state == state])},
        _bins(totals, points.most()),
        len(totals),
        median(totals) if totals else None,
        [_function(rows, exercise, name) for exercise, worth in points.worth.items() for name in worth],
        _pairs(near_copies),
    )


def _bins(totals: Iterable[Decimal], most: Decimal) -> list[Bin]:
    """The first bin holds 0, and the last one full marks."""
    counts = Counter(min(BINS - 1, int(BINS * total / most)) if most else 0 for total in totals)
    width = 100 // BINS
    return [Bin(f"{place * width} to {(place + 1) * width} %", counts[place]) for place in range(BINS)]


def _function(rows: Iterable[Row], exercise: str, name: str) -> Function:
    found = [
        function
        for row in rows
        for function in row.checks.get(exercise, {"functions": ()})["functions"]
        if function["name"] == name
    ]
    statuses = Counter[str](function["status"] for function in found)
    known = [function for function in found if function["misconception"]]
    advice = {function["misconception"]: function.get("advice") or "" for function in known}
    counts = Counter[str](function["misconception"] for function in known)
    mistakes = [Mistake(slug, advice[slug], count) for slug, count in counts.most_common(MOST_MISCONCEPTIONS)]
    return Function(exercise, name, dict(statuses.most_common()), mistakes)


def _pairs(near_copies: Iterable[NearCopy]) -> list[Pair]:
    exercises: dict[tuple[str, str | None], dict[str, float]] = {}
    for found in near_copies:
        exercises.setdefault((found.student, found.other), {})[found.exercise] = found.alike
    pairs = [Pair(student, other, alike) for (student, other), alike in exercises.items()]
    return sorted(pairs, key=lambda pair: -sum(pair.exercises.values()))
