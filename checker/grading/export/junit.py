"""A class as JUnit's XML: a suite a student and exercise, a case a function, and one error where nothing was graded.

Of a failure only what it says and how to repeat it: a class has thousands, and each student's page shows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement

from checker.grading import record
from checker.grading.store import Row, State
from checker.report import junit
from checker.verdict import Failure, Verdict


def text(rows: Iterable[Row]) -> str:
    """Give the document of all submissions.

    Args:
        rows: the submissions.
    """
    return junit.document(suite for row in rows for suite in _suites(row))


def _suites(row: Row) -> Iterator[Element]:
    for exercise, check in row.checks.items():
        report = record.restored(check)
        brief = replace(report, verdicts=tuple(map(_brief, report.verdicts)))
        yield junit.suite(brief, f"{row.student}: {exercise}", {"student": row.student, "file": row.safe_name})
    if row.state != State.GRADED:
        suite = Element("testsuite", {"name": row.student})
        case = SubElement(suite, "testcase", {"name": "submission", "classname": "submission", "time": "0.000"})
        SubElement(case, "error", {"type": str(row.state), "message": row.reason})
        yield junit.counted(suite, 0.0)


def _brief(verdict: Verdict) -> Verdict:
    failures = tuple(Failure(found.law, found.message, again=found.again) for found in verdict.failures)
    return replace(verdict, failures=failures, traceback=None, printed="")
