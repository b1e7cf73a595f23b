from pathlib import Path

import pytest

from checker import course
from checker.cli import board
from checker.verdict import Verdict
from tests.checker.cli.conftest import Judge, XorCheck


@pytest.fixture
def ascii_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.report.marks.shows", lambda text, stream: text.isascii())


@pytest.mark.usefixtures("ascii_output")
def test_a_fresh_course_is_all_to_do(tiny: Path, xor_check: XorCheck):
    assert xor_check() == (
        0,
        f"Your course in {tiny}\n\n"
        "  todo exercise1_shapes ............ 3 to do\n"
        "  todo exercise2_sums   ............ 1 to do\n\n"
        "Next: write rows in exercises/exercise1_shapes.py\n"
        "then:  xor-check exercise1 rows\n",
        "",
    )


@pytest.mark.usefixtures("ascii_output")
def test_a_course_that_passed_says_so(tiny: Path, judge: Judge, xor_check: XorCheck):
    (tiny / "exercises" / "exercise1_shapes.py").write_text("rows = columns = double = len\n")
    (tiny / "exercises" / "exercise2_sums.py").write_text("total = sum\n")
    xor_check("all")
    done = xor_check()
    assert "  ok   exercise1_shapes ############ 3 passed\n" in done.out
    assert done.out.endswith("Everything passes: that was the whole course. xor-check all checks it once more.\n")


@pytest.mark.usefixtures("ascii_output")
def test_the_counts_tell_what_is_known_of_each_function(tiny: Path, judge: Judge, xor_check: XorCheck):
    file = tiny / "exercises" / "exercise1_shapes.py"
    file.write_text("rows = len\ncolumns = len\ndouble = len\n")
    judge.verdicts["columns"] = Verdict("columns", "error", "?")
    xor_check("1", "rows")
    xor_check("1", "columns")
    assert "     exercise1_shapes ####........ 1 passed, 1 not right yet, 1 not checked yet\n" in xor_check().out
    file.write_text("rows = max\ncolumns = len\n")
    assert " ............ 1 not right yet, 1 changed since its check, 1 missing\n" in xor_check().out


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("rows = columns = len", "Next: xor-check exercise1 rows"),
        ("rows = (", "Next: exercises/exercise1_shapes.py is no valid Python yet\nsee:   xor-check exercise1"),
        ("columns = len", "Next: write rows in exercises/exercise1_shapes.py\nthen:  xor-check exercise1 rows"),
        (None, "Next: exercises/exercise1_shapes.py is missing; xor-check reset exercise1 writes a fresh one."),
    ],
)
def test_the_next_step_fits_what_is_there(tiny: Path, xor_check: XorCheck, text: str | None, step: str):
    file = tiny / "exercises" / "exercise1_shapes.py"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert xor_check().out.endswith(f"\n\n{step}\n")


def test_a_function_that_failed_is_next(tiny: Path, judge: Judge, xor_check: XorCheck):
    (tiny / "exercises" / "exercise1_shapes.py").write_text("rows = columns = double = len\n")
    judge.verdicts["columns"] = Verdict("columns", "failed", "?")
    xor_check("1")
    assert (
        "Next: change columns in exercises/exercise1_shapes.py\nthen:  xor-check exercise1 columns" in xor_check().out
    )


@pytest.mark.usefixtures("ascii_output")
@pytest.mark.parametrize("width", [80, 60, 44, 30])
def test_a_narrow_board_breaks_between_words_and_has_them_all(
    tiny: Path, judge: Judge, xor_check: XorCheck, width: int
):
    file = tiny / "exercises" / "exercise1_shapes.py"
    file.write_text("rows = len\ncolumns = len\n")
    judge.verdicts["columns"] = Verdict("columns", "error", "?")
    xor_check("1")
    file.write_text("rows = max\ncolumns = len\n")
    narrow, wide = (board.text(course.find(tiny), chosen).split("\n\n")[1] for chosen in (width, None))
    assert max(map(len, narrow.split("\n"))) <= width
    words = [[word for word in text.split() if word.strip("#.")] for text in (narrow, wide)]
    assert words[0] == words[1]
