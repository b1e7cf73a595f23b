"""Pages to read: one for whoever teaches, about the class, and one for each student, about nobody else.

They look like the page of a single check, ask nothing of any other place, and escape whatever a student chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from checker.grading import record
from checker.grading.export.class_summary import summary
from checker.grading.near_copies import NearCopy
from checker.grading.points import Points, plain
from checker.grading.store import Row
from checker.report import html
from checker.report.invitation import Invitation

STUDENTS = "students"
"""The folder of the students' pages, beside the page of the class."""

MOST_PAIRS = 200
"""Of near copies, on the page of the class."""


def of_class(rows: Sequence[Row], points: Points, near_copies: Sequence[NearCopy]) -> str:
    """Give the page about the class.

    Args:
        rows: the submissions.
        points: what there is to earn.
        near_copies: what is pointed out.
    """
    return (
        _environment()
        .get_template("class.html.jinja")
        .render(
            title=f"xor-check: {len(rows)} submissions",
            heading=f"{len(rows)} submissions" if len(rows) != 1 else "One submission",
            rows=rows,
            points=points,
            summary=summary(rows, points, near_copies),
            page_of={row.student: f"{STUDENTS}/{row.safe_name}.html" for row in rows},
            most_pairs=MOST_PAIRS,
        )
    )


def of_student(row: Row, points: Points) -> str:
    """Give the page for one student.

    Args:
        row: the submission.
        points: what there is to earn.
    """
    return (
        _environment()
        .get_template("student.html.jinja")
        .render(
            title=f"xor-check: {row.student}",
            heading=row.student,
            row=row,
            points=points,
            reports={exercise: record.restored(check) for exercise, check in row.checks.items()},
            hints={},
            call=Invitation(),
            note="",
        )
    )


def prepare() -> None:
    """Compile the templates, which takes longer than a page."""
    for name in _environment().list_templates(extensions=["jinja", "css"]):
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    own = html.environment()
    folders = ChoiceLoader([FileSystemLoader(Path(__file__).parent), FileSystemLoader(Path(html.__file__).parent)])
    environment = own.overlay(loader=folders)
    environment.filters.update({"plain": plain})
    return environment
