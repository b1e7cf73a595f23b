import json
from pathlib import Path
from typing import cast

import hypothesis.strategies as st
import pytest
from hypothesis import given

from checker import course, exam, sandbox
from checker.course import Exercise
from checker.grading import unit
from checker.grading.unit import Order, WrongCourse
from tests.checker.grading.filled_store import report
from tests.checker.tiny_course import write_tiny_course

WRONG = b"def total(x):\n    return x.sum() if x.sum() < 3 else x.sum() + 1\n"

ORDERS = st.builds(
    Order,
    exercise=st.text(),
    course=st.text(),
    seed=st.integers(0, 2**60),
    timeout=st.floats(0, 1e9),
    data=st.binary(),
)


@given(order=ORDERS)
def test_an_order_is_bytes_and_back(order: Order):
    assert Order.unpack(order.pack()) == order


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    unit.course_version.cache_clear()
    return course.find(write_tiny_course(tmp_path)).select("exercise2")


@pytest.mark.parametrize("file", ["checks", "solution", "misconceptions"])
def test_the_version_changes_with_whatever_a_verdict_depends_on(exercise: Exercise, file: str):
    before = unit.course_version(exercise)
    unit.course_version.cache_clear()
    assert unit.course_version(exercise) == before
    with getattr(exercise, file).open("a") as opened:
        opened.write("\n# changed\n")
    unit.course_version.cache_clear()
    assert unit.course_version(exercise) != before


def test_the_version_changes_with_torch(exercise: Exercise, monkeypatch: pytest.MonkeyPatch):
    before = unit.course_version(exercise)
    unit.course_version.cache_clear()
    monkeypatch.setattr(unit, "versions", lambda: {"torch": "0.0"})
    assert unit.course_version(exercise) != before


def test_a_line_cannot_move_from_one_file_to_the_next_unseen(exercise: Exercise):
    before = unit.course_version(exercise)
    text = exercise.checks.read_bytes() + exercise.solution.read_bytes()
    cut = len(exercise.checks.read_bytes()) + 10
    exercise.checks.write_bytes(text[:cut])
    exercise.solution.write_bytes(text[cut:])
    unit.course_version.cache_clear()
    assert unit.course_version(exercise) != before


def test_a_crash_that_does_not_happen_again_is_none(
    exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As when the system has no memory left, and ends a process that is not to blame."""
    reports = [report("exercise2", {"total": "crashed"}), report("exercise2", {"total": "passed"})]
    monkeypatch.setattr(exam, "grade", lambda *_: reports.pop(0))
    order = Order("exercise2", unit.course_version(exercise), 5, 10.0, b"")
    found = unit.perform(order, cast("sandbox.Workers", None), course.find(tmp_path))
    assert (found["functions"][0]["status"], reports) == ("passed", [])


def test_a_record_says_the_same_twice_and_holds_no_seed(exercise: Exercise, tmp_path: Path):
    found = course.find(tmp_path)
    version = unit.course_version(exercise)
    seed = 987654321987654321
    with sandbox.start() as workers:
        first, second = (unit.perform(Order("exercise2", version, seed, 10.0, WRONG), workers, found) for _ in "ab")
        with pytest.raises(WrongCourse, match="bring the same course"):
            unit.perform(Order("exercise2", "other", seed, 10.0, WRONG), workers, found)
    assert first["functions"][0]["status"] == "failed"
    assert first["seed"] is None
    assert str(seed) not in json.dumps(first)
    for one in (first, second):
        one["seconds"] = one["functions"][0]["seconds"] = 0
    assert first == second
