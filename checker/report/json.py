"""A report as the JSON object that other programs read; its keys are fixed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from checker.verdict import Report, Verdict


def to_object(report: Report) -> dict[str, Any]:
    """One exercise as plain data; `score` of the `max_score` functions that were checked have passed."""
    return {
        "exercise": report.exercise,
        "device": report.device,
        "seed": report.seed,
        "passed": report.passed,
        "score": sum(verdict.passed for verdict in report.verdicts),
        "max_score": len(report.verdicts),
        "seconds": round(report.seconds, 3),
        "functions": [_function(verdict) for verdict in report.verdicts],
    }


def one(report: Report) -> str:
    """One exercise as text."""
    return _text(to_object(report))


def many(reports: Sequence[Report]) -> str:
    """A whole course as text."""
    return _text({"exercises": [to_object(report) for report in reports]})


def _text(content: dict[str, Any]) -> str:
    # ASCII, whatever students print and whatever the encoding is; NaN is no JSON and must not get in.
    return json.dumps(content, indent=2, allow_nan=False)


def _function(verdict: Verdict) -> dict[str, Any]:
    first = verdict.failures[0] if verdict.failures else None
    return {
        "name": verdict.name,
        "status": verdict.status,
        "message": verdict.message,
        "law": first and first.law,
        "misconception": verdict.misconception,
        "counterexample": first and first.counterexample,
        "seconds": round(verdict.seconds, 3),
    }
