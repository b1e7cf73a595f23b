"""One submission's result in the form in which Gradescope takes it from an autograder: a test a function.

The scores of the tests add up to the score. A test says what its student would read in a terminal; the token that
repeats a failure stands in its `extra_data`, and in the text as the command to type. Output is plain text, so that
nothing in it can become a part of the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from checker.grading import record
from checker.grading.points import Points
from checker.grading.store import Row, State
from checker.report.marks import harmless
from checker.report.plain import paragraphs
from checker.verdict import Verdict

MOST_OUTPUT = 20_000
"""Characters of one test's output."""

NO_FILE = "No file was handed in for this exercise."
NOT_GRADED = "The file for this exercise was not graded."


def text(row: Row, points: Points) -> str:
    """Give the `results.json` of a submission.

    Args:
        row: the submission.
        points: what there is to earn.
    """
    return json.dumps(results(row, points), indent=2, allow_nan=False)


def results(row: Row, points: Points) -> dict[str, Any]:
    """Give the same as plain data."""
    tests = list(_tests(row, points))
    return {
        "score": _number(sum((points.earned(row, exercise) or Decimal() for exercise in points.worth), Decimal())),
        "execution_time": round(sum(check["seconds"] for check in row.checks.values())),
        "output": _summary(row),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"state": str(row.state), "sha256": dict(row.sha256)},
        "tests": tests,
    }


def _summary(row: Row) -> str:
    if row.state == State.GRADED:
        passed = sum(check["score"] for check in row.checks.values())
        return f"{passed} of {sum(check['max_score'] for check in row.checks.values())} functions passed."
    if row.state in (State.NOTHING_FOUND, State.REFUSED, State.UNREADABLE):
        return harmless(f"Not graded, {row.state}: {row.reason}.")
    return harmless(f"Not graded, {row.state}: {row.reason}. This is no mark: ask whoever teaches this course.")


def _tests(row: Row, points: Points) -> Iterator[dict[str, Any]]:
    for exercise, worth in points.worth.items():
        check = row.checks.get(exercise)
        found = {} if check is None else {verdict.name: verdict for verdict in record.restored(check).verdicts}
        absence = NOT_GRADED if exercise in row.sha256 else NO_FILE
        for place, (function, most) in enumerate(worth.items(), start=1):
            verdict = found.get(function)
            yield _test(exercise, place, function, most, verdict, _output(exercise, verdict, absence))


def _test(
    exercise: str, place: int, function: str, most: Decimal, verdict: Verdict | None, output: str
) -> dict[str, Any]:
    passed = verdict is not None and verdict.passed
    test: dict[str, Any] = {
        "name": f"{exercise} {function}",
        "number": f"{exercise.removeprefix('exercise')}.{place}",
        "score": _number(most) if passed else 0,
        "max_score": _number(most),
        "status": "passed" if passed else "failed",
        "visibility": "visible",
        "output": output,
        "tags": [exercise],
    }
    extra = {} if verdict is None else _extra(verdict)
    return test | ({"extra_data": extra} if extra else {})


def _extra(verdict: Verdict) -> Mapping[str, str]:
    first = verdict.failures[0] if verdict.failures else None
    extra = {
        "status": verdict.status,
        "law": first and first.law,
        "misconception": verdict.misconception,
        "replay": first and first.again,
    }
    return {name: value for name, value in extra.items() if value}


def _output(exercise: str, verdict: Verdict | None, absence: str) -> str:
    if verdict is None:
        return absence
    if verdict.passed:
        return harmless(verdict.message)
    text = harmless("\n\n".join(paragraphs(exercise, verdict)))
    return text if len(text) <= MOST_OUTPUT else f"{text[:MOST_OUTPUT]}\n..."


def _number(points: Decimal) -> int | float:
    return int(points) if points == points.to_integral_value() else float(points)
