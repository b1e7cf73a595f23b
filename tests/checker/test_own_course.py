"""A course of somebody else, in a folder of their own: made by `dev new`, or the one of NumPy beside these tests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checker import course, new_exercise
from checker.course import CourseError
from checker.stub import stub_of
from tests.checker.cli.conftest import XorCheck
from tests.checker.cli.conftest import tiny as tiny
from tests.checker.cli.conftest import xor_check as xor_check

ROOT = Path(__file__).parents[2]
REGRESSION = ROOT / "tests" / "regression_course"


@pytest.fixture
def regression(tmp_path: Path) -> Path:
    """A copy, apart from all that is ours."""
    return Path(shutil.copytree(REGRESSION, tmp_path / "regression"))


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as a program, in a folder without a course."""
    return subprocess.run(
        [sys.executable, "-P", "-c", "from checker.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        cwd=folder,
    )


# -- The course of NumPy


@pytest.mark.slow
def test_a_course_without_xorfunc_or_a_tensor_proves_itself(regression: Path, tmp_path: Path):
    done = run(
        "dev", "validate", "all", "--seeds", "2", "--mutants", "--json", "--course", "regression", folder=tmp_path
    )
    assert (done.returncode, json.loads(done.stdout)["exercises"][0]["problems"]) == (0, [])
    assert run("dev", "stub", "--check", "--course", "regression", folder=tmp_path).returncode == 0
    for file in regression.rglob("*.py"):
        assert "xorfunc" not in file.read_text()


def test_its_students_are_told_which_mistake_they_made(regression: Path, tmp_path: Path):
    file = regression / "exercises" / "exercise1_logistic_regression.py"
    solution = (regression / "solutions" / file.stem / "solution.py").read_text()
    file.write_text(solution.replace("np.logaddexp(0.0, s)", "np.log(1 + np.exp(s))"))
    done = run("logistic_regression", "--json", "--course", "regression", folder=tmp_path)
    verdicts = {each["name"]: each for each in json.loads(done.stdout)["functions"]}
    assert done.returncode == 1
    assert verdicts["log_loss"]["misconception"] == "overflowing"
    assert [name for name, each in verdicts.items() if each["status"] == "passed"] == [
        "log_odds",
        "gradient",
        "descend",
    ]


# -- A new exercise


@pytest.mark.slow
def test_a_new_exercise_proves_itself_and_has_its_stub(tmp_path: Path):
    made = run("dev", "new", "4", "mean_values", "--course", "mine", folder=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    (exercise,) = course.find(tmp_path / "mine").exercises
    assert (exercise.stem, exercise.summary) == ("exercise4_mean_values", "Exercise 4: mean values.")
    assert exercise.file.read_text() == stub_of(exercise)
    commands = [line.split("  ")[1] for line in made.stdout.splitlines() if line.startswith("  xor-check")]
    assert len(commands) == 3
    for command in commands:
        done = run(*command.split()[1:], "--mutants" if "validate" in command else "--course=mine", folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), command


def test_what_is_there_is_never_written_over(tmp_path: Path):
    first = new_exercise.write(tmp_path, 1, "means")
    with pytest.raises(CourseError, match="exercise1_means already: choose another number, such as 2"):
        new_exercise.write(tmp_path, 1, "sums")
    with pytest.raises(CourseError, match="exercise1_means already: choose another topic, such as means_2"):
        new_exercise.write(tmp_path, 2, "means")
    half_made = tmp_path / "solutions" / "exercise3_sums"
    half_made.mkdir()
    (half_made / "solution.py").write_text("mine = 1\n")
    with pytest.raises(FileExistsError):
        new_exercise.write(tmp_path, 3, "sums")
    assert (half_made / "solution.py").read_text() == "mine = 1\n"
    assert [each.stem for each in course.find(tmp_path).exercises] == [first.stem]


@pytest.mark.parametrize("topic", ["Means", "my topic", "../up", "1st", "", "a-b", "größe"])
def test_a_topic_is_part_of_file_names(tmp_path: Path, topic: str):
    with pytest.raises(CourseError, match="small letters, digits and underscores"):
        new_exercise.write(tmp_path, 1, topic)
    assert not any(tmp_path.iterdir())


def test_a_student_s_course_takes_no_exercise(tiny: Path, xor_check: XorCheck):
    shutil.rmtree(tiny / "solutions")
    (tiny / "exercises" / "exercise1_tensors.py").write_text("")
    done = xor_check("dev", "new", "13", "means", "--course", str(tiny))
    assert done.code == 2
    assert "is a student's course" in done.err
    assert not (tiny / "solutions").exists()


def test_without_a_course_a_new_one_has_to_be_named(tmp_path: Path, monkeypatch, xor_check: XorCheck):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XOR_COURSE", raising=False)
    done = xor_check("dev", "new", "1", "means")
    assert done.code == 2
    assert "A new course begins with `xor-check dev new 1 TOPIC --course DIR`" in done.err


# -- A preview


@pytest.mark.slow
def test_a_preview_shows_the_stub_each_mistake_with_its_sentence_and_the_pass(tmp_path: Path):
    new_exercise.write(tmp_path / "mine", 1, "means")
    done = run("dev", "preview", "1", "centered", "--course", "mine", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    parts = done.stdout.split("\n\n[")[1:]
    assert [part.partition("]")[0] for part in parts] == [
        "the stub of centered",
        "misconception `one_mean_of_all` of centered",
        "misconception `rows_instead_of_columns` of centered",
        "misconception `in_place` of centered",
        "the solution of centered",
    ]
    for part, shown in zip(
        parts,
        ["still to write", "every column has a mean", "`dim` names the axis", "own tensor", "1 of 1 passed"],
        strict=True,
    ):
        assert shown in part
    assert str(tmp_path) not in done.stdout
