import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import checker
from tests.checker.cli.conftest import XorCheck
from tests.checker.tiny_course import SHAPES_STUB, SUMS_STUB


def test_stubs_that_differ_are_named_and_left_alone_by_check(tiny: Path, xor_check: XorCheck):
    file = tiny / "exercises" / "exercise2_sums.py"
    assert xor_check("dev", "stub", "--check").code == 0
    file.write_text("mine = 1\n")
    assert xor_check("dev", "stub", "--check") == (
        1,
        "exercises/exercise2_sums.py differs: xor-check dev stub exercise2\n",
        "",
    )
    assert xor_check("dev", "stub", "1", "--check").code == 0
    assert file.read_text() == "mine = 1\n"


def test_stubs_are_written_from_the_solutions(tiny: Path, xor_check: XorCheck):
    for file in (tiny / "exercises").iterdir():
        file.unlink()
    assert xor_check("dev", "stub").code == 0
    assert (tiny / "exercises" / "exercise1_shapes.py").read_text() == SHAPES_STUB
    assert (tiny / "exercises" / "exercise2_sums.py").read_text() == SUMS_STUB


@pytest.mark.parametrize(("name", "exercises"), [("all", ["exercise1", "exercise2"]), ("sums", ["exercise2"])])
def test_validation_is_asked_for_the_chosen_exercises(
    tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch, name: str, exercises: list[str]
):
    asked: dict[str, Any] = {}

    def run(chosen: Any, **options: Any) -> int:
        asked.update(options, exercises=[exercise.name for exercise in chosen])
        return 1

    fake = SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, "checker.validate", fake)
    monkeypatch.setattr(checker, "validate", fake, raising=False)
    assert xor_check("dev", "validate", name, "--seeds", "3", "--json").code == 1
    assert asked == {"exercises": exercises, "seeds": 3, "with_mutants": False, "as_json": True}
    assert xor_check("dev", "validate", name, "--mutants").code == 1
    assert asked == {"exercises": exercises, "seeds": 1, "with_mutants": True, "as_json": False}


def test_a_bundle_for_gradescope_is_written_and_says_how_many_points_it_gives(
    tiny: Path, xor_check: XorCheck, tmp_path: Path
):
    (tiny / "course.toml").write_text("[functions.exercise1]\nrows = 2.5\n")
    done = xor_check("dev", "gradescope", str(tmp_path / "out"), "--exercises", "1", "--package", "xorfunc")
    assert done.code == 0, done.err
    assert "grades exercise1, and gives 4.5 points at most" in done.out
    assert (tmp_path / "out" / "autograder.zip").is_file()


def test_points_that_make_no_sense_are_told_before_anything_is_written(tiny: Path, xor_check: XorCheck, tmp_path: Path):
    (tiny / "course.toml").write_text("[functions.exercise1]\nrow = 2.5\n")
    done = xor_check("dev", "gradescope", str(tmp_path / "out"))
    assert done.code == 2
    assert "did you mean 'rows'" in done.err
    assert not (tmp_path / "out").exists()
