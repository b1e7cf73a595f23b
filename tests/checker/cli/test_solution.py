from pathlib import Path

from tests.checker.cli.conftest import Judge, XorCheck
from tests.checker.tiny_course import SHAPES_SOLUTION

ROWS = 'def rows(x: Tensor) -> int:\n    """The number of rows."""\n    return x.shape[0]\n'


def test_whoever_gives_up_sees_the_whole_answer(tiny: Path, xor_check: XorCheck):
    assert xor_check("solution", "1", "--give-up").out == SHAPES_SOLUTION


def test_the_answer_to_one_function_is_its_definition(tiny: Path, xor_check: XorCheck):
    assert xor_check("solution", "exercise1", "rows", "--give-up").out == ROWS


def test_before_a_function_passes_its_answer_is_not_shown(tiny: Path, xor_check: XorCheck):
    done = xor_check("solution", "exercise1", "rows")
    assert (done.code, done.out) == (2, "")
    assert "rows has not passed yet, so its answer is not shown." in done.err
    assert "`xor-check hint exercise1 rows` helps" in done.err
    assert "`xor-check solution exercise1 rows --give-up` shows it all the same" in done.err


def test_once_a_function_has_passed_its_answer_is_shown(tiny: Path, judge: Judge, xor_check: XorCheck):
    (tiny / "exercises" / "exercise1_shapes.py").write_text("rows = columns = double = len\n")
    xor_check("1", "rows")
    assert xor_check("solution", "1", "rows").out == ROWS
    whole = xor_check("solution", "1")
    assert whole.code == 2
    assert "2 of 3 functions have not passed yet" in whole.err
    assert "`xor-check solution exercise1 rows` shows one of those that have" in whole.err
    xor_check("1")
    assert xor_check("solution", "1").out == SHAPES_SOLUTION
