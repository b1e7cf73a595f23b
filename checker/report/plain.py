"""A verdict in plain text, for what shows no more than that: all that is known of it, paragraph by paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from checker.report.invitation import Invitation
from checker.verdict import Verdict


def paragraphs(exercise: str, verdict: Verdict) -> Iterator[str]:
    """Give what a student reads of a function that has not passed.

    Args:
        exercise: its name.
        verdict: on one of its functions.
    """
    yield verdict.message.strip()
    if verdict.advice:
        yield verdict.advice
    for failure in verdict.failures:
        if failure.message != verdict.message:
            yield failure.message
        if failure.counterexample:
            yield f"called:\n{failure.counterexample}"
        if failure.expected or failure.got:
            yield f"expected: {failure.expected}\ngot:      {failure.got}"
        if failure.where:
            yield f"where they differ:\n{failure.where}"
        if failure.again:
            yield f"again: {Invitation().replay(exercise, verdict.name, failure.again)}"
    if verdict.traceback:
        yield f"the student's code, down to the line that raised:\n{verdict.traceback}"
