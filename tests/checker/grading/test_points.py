"""Points, from `course.toml` to a total."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.course import Course, CourseError, find
from checker.grading import points
from checker.grading.store import Row, State
from tests.checker.grading.filled_store import FUNCTIONS, check
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return find(write_tiny_course(tmp_path_factory.mktemp("course")))


def read(course: Course, text: str) -> points.Points:
    (course.root / points.FILE).write_text(text)
    try:
        return points.read(course, FUNCTIONS)
    finally:
        (course.root / points.FILE).unlink()


def test_a_function_is_worth_one_point_where_nothing_is_said(course: Course):
    earned = points.read(course, FUNCTIONS)
    assert (earned.most("exercise1"), earned.most()) == (3, 4)


def test_functions_and_exercises_are_worth_what_the_file_says(course: Course):
    read_points = read(
        course, "[exercises]\nexercise1 = 10\n[functions.exercise1]\nrows = 2\n[functions.sums]\ntotal = 0.5"
    )
    assert read_points.worth == {
        "exercise1": {"rows": 5, "columns": Decimal("2.5"), "double": Decimal("2.5")},
        "exercise2": {"total": Decimal("0.5")},
    }


amounts = st.decimals(0, 1000, places=2)


@given(amounts, st.lists(amounts, min_size=3, max_size=3).filter(any))
def test_shares_add_up_to_the_exercise_and_none_is_a_hundredth_off(
    course: Course, whole: Decimal, weights: list[Decimal]
):
    content = {
        "exercises": {"exercise1": whole},
        "functions": {"exercise1": dict(zip(FUNCTIONS["exercise1"], weights, strict=True))},
    }
    worth = points.of(content, course, FUNCTIONS).worth["exercise1"]
    assert sum(worth.values()) == whole
    for share, weight in zip(worth.values(), weights, strict=True):
        assert share >= 0
        assert abs(share - whole * weight / sum(weights)) < points.HUNDREDTH


def row(**checks: Any) -> Row:
    return Row("alice", "class/alice", State.GRADED, "", checks, dict.fromkeys(checks, "0" * 64))


def test_what_passed_is_earned_and_what_was_not_handed_in_is_not(course: Course):
    read_points = read(course, "[functions.exercise1]\nrows = 4\ndouble = 8")
    handed_in = row(exercise1=check("exercise1", "passed", "failed", "passed"))
    assert read_points.earned(handed_in, "exercise1") == 12
    assert read_points.earned(handed_in, "exercise1", "rows") == 4
    assert read_points.earned(handed_in, "exercise2") == 0
    assert read_points.total(handed_in) == 12


def test_what_was_handed_in_and_not_graded_is_not_known(course: Course):
    waiting = Row("heidi", "class/heidi", State.WAITING, "", {}, {"exercise1": "0" * 64})
    read_points = points.read(course, FUNCTIONS)
    assert read_points.earned(waiting, "exercise1") is None
    assert read_points.earned(waiting, "exercise2") == 0
    assert read_points.total(waiting) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[exercises]\nexercise1 = -1", "from 0 to"),
        ("[exercises]\nexercise1 = nan", "from 0 to"),
        ("[exercises]\nexercise1 = inf", "from 0 to"),
        ("[exercises]\nexercise1 = 1e400", "from 0 to"),
        ("[exercises]\nexercise1 = 0.125", "two decimals"),
        ("[exercises]\nexercise1 = '5'", "a number of points"),
        ("[exercises]\nexercise1 = true", "a number of points"),
        ("[exercises]\nexercise7 = 5", "no exercise 'exercise7'"),
        ("[exercises]\nshape = 5", "did you mean 'shapes'"),
        ("[exercises]\nexercise1 = 5\nshapes = 6", "twice"),
        ("[functions.exercise1]\nrow = 5", "did you mean 'rows'"),
        ("[functions.exercise1]\nrows = -0.5", "rows in [functions.exercise1]"),
        ("[functions]\nexercise1 = 5", "must be a table"),
        ("exercises = 5", "must be a table"),
        ("[exercise]\nexercise1 = 5", "did you mean 'exercises'"),
        ("[exercises]\nexercise2 = 5\n[functions.exercise2]\ntotal = 0", "cannot be shared"),
        ("[exercises", "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_place_and_the_way_out(course: Course, text: str, told: str):
    with pytest.raises(CourseError) as caught:
        read(course, text)
    assert points.FILE in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_is_no_text_is_refused(course: Course):
    (course.root / points.FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CourseError, match="cannot be read"):
        points.read(course, FUNCTIONS)
    (course.root / points.FILE).unlink()


def test_a_folder_in_its_place_is_refused(course: Course, tmp_path: Path):
    (course.root / points.FILE).mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        points.read(course, FUNCTIONS)
    (course.root / points.FILE).rmdir()
