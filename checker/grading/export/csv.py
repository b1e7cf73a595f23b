"""Grades as CSV: a row a student, a column a function, and points.

A spreadsheet takes a cell that begins with `=` or its like for a formula, and the student chose some of this text: such
a cell gets an apostrophe in front, which spreadsheets do not show.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from checker.grading.points import Points, plain
from checker.grading.store import Row

BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  (these are meant)


def grades(rows: Iterable[Row], points: Points) -> str:
    """Give all rows as one table.

    An empty cell of a function stands for a file that is not there, and an empty one of points for what is not known.

    Args:
        rows: the submissions.
        points: what there is to earn.
    """
    header = ["student", "state", "reason"]
    for exercise, worth in points.worth.items():
        header += [f"{exercise}.{function}" for function in worth]
        header.append(f"{exercise} of {plain(points.most(exercise))}")
    header += [f"total of {plain(points.most())}", "file"]
    return table(header, (_cells(row, points) for row in rows))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table as CSV whose cells are text and nothing more.

    Args:
        header: names of columns.
        rows: their cells.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    for row in (header, *rows):
        writer.writerow([harmless(cell) for cell in row])
    return text.getvalue()


def harmless(cell: str) -> str:
    r"""A cell that no spreadsheet takes for a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("alice")
    ("'=HYPERLINK(1)", 'alice')
    """
    cell = cell.replace("\0", "")
    return f"'{cell}" if cell.startswith(BEGIN_FORMULAS) else cell


def _cells(row: Row, points: Points) -> list[str]:
    cells = [row.student, str(row.state), row.reason]
    for exercise, worth in points.worth.items():
        statuses = _statuses(row, exercise)
        cells += [statuses.get(function, "") for function in worth]
        earned = points.earned(row, exercise)
        cells.append("" if earned is None else plain(earned))
    total = points.total(row)
    return [*cells, "" if total is None else plain(total), row.safe_name]


def _statuses(row: Row, exercise: str) -> Mapping[str, str]:
    check = row.checks.get(exercise)
    return {} if check is None else {found["name"]: found["status"] for found in check["functions"]}
