"""What students will see of an exercise: the stub, each known mistake, and the right answer, as real reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from checker.course import Exercise
from checker.verdict import Report

if TYPE_CHECKING:
    from checker.sandbox import Workers

KINDS = ("the stub", "misconception", "the solution")

TIMEOUT = 60.0


def preview(workers: Workers, exercise: Exercise, function: str | None = None) -> Iterator[tuple[str, Report]]:
    """Check the stub, the known mistakes and the solution as a student's file is checked.

    Args:
        workers: from `sandbox.start`, called before this process imported much else.
        exercise: which one.
        function: only this one.

    Returns:
        What was checked, such as "misconception `swapped`", and the report on it; one function each.
    """
    from checker import answer_key  # after the fork, since no worker may hold an answer
    from checker.exam import Submission, grade
    from checker.validate import expectations

    key = answer_key.load(exercise.folder)
    shown = [
        (one.label, one.function, one.source)
        for kind in KINDS
        for one in expectations(exercise, key)
        if one.label.startswith(kind) and function in (None, one.function)
    ]
    names = list(key.checks)
    for label, name, source in sorted(shown, key=lambda each: names.index(each[1])):
        file = Path("exercises") / exercise.file.name
        submission = Submission(file, source.encode(), key, "cpu", 0, TIMEOUT)
        yield label, grade(workers, exercise.name, submission, [name])
