from pathlib import Path

import pytest

from checker import course
from checker.course import Course, CourseError
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture
def tiny(tmp_path: Path) -> Course:
    return course.find(write_tiny_course(tmp_path / "tiny"))


def test_exercises_come_in_the_order_of_their_numbers(tiny: Course):
    source = tiny.root / "solutions" / "exercise2_sums"
    for number in (10, 9):
        folder = tiny.root / "solutions" / f"exercise{number}_more"
        folder.mkdir()
        (folder / "checks.py").write_bytes((source / "checks.py").read_bytes())
    assert [exercise.number for exercise in course.find(tiny.root).exercises] == [1, 2, 9, 10]


def test_functions_are_those_of_checks_in_their_order_and_nothing_is_run(tiny: Course):
    checks = tiny.exercises[0].checks
    checks.write_text("raise SystemExit\n" + checks.read_text())
    assert course.find(tiny.root).exercises[0].functions == ("rows", "columns", "double")


def test_hints_are_read_as_they_are_written(tiny: Course):
    assert tiny.exercises[0].hints("rows") == ("Look at its shape.", "The first entry of its shape.")
    assert tiny.exercises[0].hints("columns") == ()


def test_computed_hints_are_refused_with_their_line(tiny: Course):
    tiny.exercises[1].checks.write_text('check("total", hints=[str(1)])\n')
    with pytest.raises(CourseError, match=r"Line 1 of checks\.py"):
        tiny.exercises[1].hints("total")


def test_the_summary_is_the_first_line_of_the_solution(tiny: Course):
    assert tiny.exercises[0].summary == "First exercise: shapes."


@pytest.mark.parametrize(
    "name",
    [
        "exercise2",
        "2",
        "sums",
        "exercise2_sums",
        "exercise2_sums.py",
        "exercises/exercise2_sums.py",
        "/somewhere/else/exercise2_sums.py",
        "solutions/exercise2_sums/solution.py",
    ],
)
def test_an_exercise_goes_by_all_its_names(tiny: Course, name: str):
    assert tiny.select(name).number == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("exercice2", r"no exercise 'exercice2': did you mean 'exercise2'\? .*exercise1 to exercise2"),
        ("shape", r"did you mean 'shapes'\?"),
        ("exercise99", r"no exercise 'exercise99'\. This course has exercise1 to exercise2"),
        ("", r"no exercise ''\."),
        ("../sums", r"no exercise '\.\./sums'"),
    ],
)
def test_an_unknown_exercise_names_the_nearest_one(tiny: Course, name: str, sentence: str):
    with pytest.raises(CourseError, match=sentence):
        tiny.select(name)


def test_an_unknown_function_names_the_nearest_one(tiny: Course):
    with pytest.raises(CourseError, match=r"did you mean 'rows'\? Its functions are rows, columns, double"):
        tiny.exercises[0].function("rwos")


def test_the_course_is_found_from_below(tiny: Course, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(tiny.root / "solutions" / "exercise1_shapes")
    assert course.find().root == tiny.root


def test_a_named_folder_goes_before_the_variable_and_that_before_the_current_folder(
    tiny: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    variable, here = write_tiny_course(tmp_path / "variable"), write_tiny_course(tmp_path / "here")
    monkeypatch.chdir(here)
    monkeypatch.setenv("XOR_COURSE", str(variable))
    assert course.find(tiny.root).root == tiny.root
    assert course.find().root == variable
    monkeypatch.setenv("XOR_COURSE", "")
    assert course.find().root == here


def test_a_folder_without_a_course_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match="xor-check init DIR"):
        course.find()
    with pytest.raises(CourseError, match=r"No course in '.*nowhere'.*--course DIR"):
        course.find(tmp_path / "nowhere")


def test_a_folder_of_exercises_alone_takes_the_solutions_of_this_program(tmp_path: Path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "exercise1_tensors.py").touch()
    found = course.find(tmp_path)
    assert found.exercises == tuple(
        course.Exercise(packaged.number, packaged.topic, tmp_path / "exercises" / packaged.file.name, packaged.folder)
        for packaged in course.packaged().exercises
    )
    assert found.exercises


def test_what_else_a_student_keeps_among_the_exercises_is_no_exercise(tiny: Course):
    (tiny.root / "exercises" / "exercise1_shapes.backup1.py").touch()
    (tiny.root / "exercises" / "exercise7_mine.py").touch()
    assert [exercise.name for exercise in course.find(tiny.root).exercises] == ["exercise1", "exercise2"]


def test_a_solution_that_nothing_checks_is_no_exercise_yet(tiny: Course):
    (tiny.root / "solutions" / "exercise3_begun").mkdir()
    assert len(course.find(tiny.root).exercises) == 2


def test_a_file_in_no_course_belongs_to_the_one_of_this_program(tiny: Course, tmp_path: Path):
    assert course.around(tiny.exercises[0].file).root == tiny.root
    assert course.around(tmp_path / "exercise1_shapes.py").root == course.packaged().root


def test_an_unreadable_file_of_the_course_is_named(tiny: Course):
    tiny.exercises[0].checks.write_text("check(")
    with pytest.raises(CourseError, match=r"checks\.py cannot be read"):
        _ = tiny.exercises[0].functions


def test_an_exercise_knows_what_its_workers_will_import(tmp_path: Path):
    root = write_tiny_course(tmp_path)
    exercise = course.find(root).select("1")
    assert exercise.preload == ("torch", "torch.Tensor")
    exercise.solution.write_text("import numpy as np, json\nfrom torch import nn\nfrom . import sibling\n")
    assert exercise.preload == ("numpy", "json", "torch", "torch.nn")
    exercise.checks.write_text('check("sum", off_limits=[f"xorfunc.train.{name}" for name in ("fit", "train_step")])\n')
    assert exercise.preload == ("xorfunc.train", "numpy", "json", "torch", "torch.nn")
