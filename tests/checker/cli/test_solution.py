from pathlib import Path

from tests.checker.cli.conftest import XorCheck
from tests.checker.tiny_course import SHAPES_SOLUTION


def test_the_whole_answer_is_the_file(tiny: Path, xor_check: XorCheck):
    assert xor_check("solution", "1").out == SHAPES_SOLUTION


def test_the_answer_to_one_function_is_its_definition(tiny: Path, xor_check: XorCheck):
    assert xor_check("solution", "exercise1", "rows").out == (
        'def rows(x: Tensor) -> int:\n    """The number of rows."""\n    return x.shape[0]\n'
    )
