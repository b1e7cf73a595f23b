from pathlib import Path

import pytest

from checker.cli import call
from tests.checker.cli.conftest import Judge, XorCheck


def test_hints_come_one_at_a_time_and_say_how_many_are_left(tiny: Path, xor_check: XorCheck):
    first, second = (xor_check("hint", "1", "rows") for _ in range(2))
    assert first.code == 0
    assert first.out == "hint 1 of 2 for rows:\n\nLook at its shape.\n\n1 more: xor-check hint exercise1 rows\n"
    assert second.out == (
        "hint 2 of 2 for rows:\n\nThe first entry of its shape.\n\n"
        "There are no more hints for rows. Try once more: xor-check exercise1 rows\n"
        "The answer, if you give up: xor-check solution exercise1 rows --give-up\n"
    )


def test_after_the_last_hint_all_of_them_are_shown_again(tiny: Path, xor_check: XorCheck):
    for _ in range(2):
        xor_check("hint", "1", "rows")
    for _ in range(2):
        done = xor_check("hint", "1", "rows")
        assert done.out.startswith(
            "hint 1 of 2 for rows:\n\nLook at its shape.\n\nhint 2 of 2 for rows:\n\nThe first entry of its shape.\n\n"
            "There are no more hints for rows."
        )


def test_each_function_has_its_own_hints(tiny: Path, xor_check: XorCheck):
    xor_check("hint", "1", "rows")
    assert xor_check("hint", "1", "double").out.startswith("hint 1 of 1 for double:\n\nMultiply.\n\nThere are no more")
    assert xor_check("hint", "shapes", "rows").out.startswith("hint 2 of 2")


def test_a_function_without_hints_says_what_else_helps(tiny: Path, xor_check: XorCheck):
    done = xor_check("hint", "1", "columns")
    assert (done.code, done.out) == (
        0,
        "There is no hint for columns.\nThe answer, if you give up: xor-check solution exercise1 columns --give-up\n",
    )


def test_without_a_function_the_next_one_is_guessed(tiny: Path, judge: Judge, xor_check: XorCheck):
    (tiny / "exercises" / "exercise1_shapes.py").write_text("rows = columns = double = len\n")
    xor_check("1", "rows")
    done = xor_check("hint", "1")
    assert done.code == 2
    assert "Your next one is columns: `xor-check hint exercise1 columns`." in done.err
    xor_check("1")
    assert "next one" not in xor_check("hint", "1").err


def test_in_a_terminal_hints_break_between_words(monkeypatch: pytest.MonkeyPatch):
    hint = "Look at the shape of the tensor:\n    x.shape"
    assert call.wrapped(hint) == hint
    monkeypatch.setattr(call, "width_of_output", lambda: 20)
    assert call.wrapped(hint) == "Look at the shape of\nthe tensor:\n    x.shape"
