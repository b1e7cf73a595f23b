"""What is kept of a check: the object that `--json` prints, and what a page for its student says beside that.

It gives a report back, as complete as a student needs it, so that everything that shows a report shows a record too.
The secret seed is in none of it: a token to replay holds the case itself, and is made out for seed 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from checker import replay
from checker.report import json as report_json
from checker.report.marks import condensed
from checker.verdict import Failure, Report, Verdict

MOST_PRINTED = 2000
"""Characters of what a function printed, and of its traceback."""


def of(report: Report) -> dict[str, Any]:
    """Give what is kept of a report, as plain data.

    Args:
        report: on one exercise, with a seed that is secret.
    """
    content = report_json.to_object(report)
    functions = [shown | _beside(verdict) for shown, verdict in zip(content["functions"], report.verdicts, strict=True)]
    return {**content, "seed": None, "functions": functions}


def restored(check: Mapping[str, Any]) -> Report:
    """Give the report again, with the first failure of each function.

    Args:
        check: a record, or the object that `--json` prints.
    """
    verdicts = tuple(_verdict(function) for function in check["functions"])
    return Report(check["exercise"], check["device"], check["seed"] or 0, verdicts, check["seconds"])


def _beside(verdict: Verdict) -> dict[str, Any]:
    first = verdict.failures[0] if verdict.failures else None
    return {
        "advice": verdict.advice,
        "expected": first and first.expected,
        "got": first and first.got,
        "where": first and first.where,
        "replay": first and first.again and replace(replay.read(first.again), seed=0).token,
        "traceback": verdict.traceback and verdict.traceback[-MOST_PRINTED:],
        "printed": condensed(verdict.printed)[:MOST_PRINTED],
    }


def _verdict(function: Mapping[str, Any]) -> Verdict:
    law, message = function["law"], function["message"]
    failure = law is not None and Failure(
        law,
        message,
        *(function.get(name) for name in ("counterexample", "expected", "got", "where", "replay")),
    )
    return Verdict(
        function["name"],
        function["status"],
        message,
        function["seconds"],
        (failure,) if failure else (),
        function["misconception"],
        function.get("advice"),
        function.get("traceback"),
        function.get("printed", ""),
    )
