from pathlib import Path

from tests.checker.cli.conftest import XorCheck


def test_hints_come_one_at_a_time_and_start_again(tiny: Path, xor_check: XorCheck):
    first, second, third = (xor_check("hint", "1", "rows") for _ in range(3))
    assert first.out == "hint 1 of 2 for rows:\n\nLook at its shape.\n\nOne more: xor-check hint exercise1 rows\n"
    assert second.out.startswith("hint 2 of 2 for rows:\n\nThe first entry of its shape.\n\nThat was the last one.")
    assert "xor-check solution exercise1 rows" in second.out
    assert third == first
    assert first.code == 0


def test_each_function_has_its_own_hints(tiny: Path, xor_check: XorCheck):
    xor_check("hint", "1", "rows")
    assert xor_check("hint", "1", "double").out.startswith("hint 1 of 1 for double:\n\nMultiply.\n\nThat was the last")
    assert xor_check("hint", "shapes", "rows").out.startswith("hint 2 of 2")


def test_a_function_without_hints_says_what_else_helps(tiny: Path, xor_check: XorCheck):
    done = xor_check("hint", "1", "columns")
    assert (done.code, done.out) == (
        0,
        "There is no hint for columns; the answer is shown by: xor-check solution exercise1 columns\n",
    )
