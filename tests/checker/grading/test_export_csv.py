"""The table of grades."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.course import find
from checker.grading import points
from checker.grading.export import csv as export
from checker.grading.store import Store
from tests.checker.grading.filled_store import FUNCTIONS, HOSTILE, every_state
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture
def table(tmp_path: Path) -> dict[str, dict[str, str]]:
    course = find(write_tiny_course(tmp_path / "course"))
    with Store.open(every_state(tmp_path)) as store:
        text = export.grades(store.rows(), points.read(course, FUNCTIONS))
    return {row["student"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_every_student_has_a_row_and_every_function_a_column(table: dict[str, dict[str, str]]):
    assert len(table) == 9
    assert list(table["alice"]) == [
        *("student", "state", "reason"),
        *("exercise1.rows", "exercise1.columns", "exercise1.double", "exercise1 of 3"),
        *("exercise2.total", "exercise2 of 1"),
        *("total of 4", "file"),
    ]


def test_a_row_says_the_status_of_each_function_and_the_points(table: dict[str, dict[str, str]]):
    assert list(table["bob"].values())[1:-1] == ["graded", "", "passed", "todo", "failed", "1", "", "0", "1"]
    assert table["alice"]["total of 4"] == "4"
    assert len(table["bob"]["file"]) == 16


def test_points_that_are_not_known_are_empty_and_those_of_nothing_handed_in_are_none(table: dict[str, dict[str, str]]):
    totals = {student: (row["state"], row["total of 4"]) for student, row in table.items()}
    assert totals["heidi"] == ("waiting", "")
    assert totals["frank"] == ("crashed", "")
    assert totals["grace"] == ("parked", "")
    assert totals["carol"] == ("nothing found", "0")
    assert totals["dave"] == ("unreadable", "0")
    assert [table["heidi"][name] for name in ("exercise1 of 3", "exercise2 of 1")] == ["", "0"]


def test_a_name_that_begins_as_a_formula_is_text(table: dict[str, dict[str, str]]):
    assert f"'{HOSTILE}".replace("\0", "") in table


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_no_cell_begins_a_formula_and_every_row_is_read_back(cells: list[str]):
    text = export.table(["a"] * len(cells), [cells])
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert len(row) == len(cells)
    for cell, original in zip(row, cells, strict=True):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell.removeprefix("'") == original.replace("\0", "").removeprefix("'")
