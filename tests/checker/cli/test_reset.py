from pathlib import Path

import pytest

from tests.checker.cli.conftest import XorCheck
from tests.checker.tiny_course import SUMS_STUB


def test_the_old_file_is_kept_under_a_new_number_each_time(tiny: Path, xor_check: XorCheck):
    file = tiny / "exercises" / "exercise2_sums.py"
    for number in (1, 2):
        file.write_text(f"attempt = {number}\n")
        done = xor_check("reset", "2")
        assert done.code == 0
        assert f"kept as exercises/exercise2_sums.backup{number}.py" in done.out
        assert file.read_text() == SUMS_STUB
    assert (tiny / "exercises" / "exercise2_sums.backup1.py").read_text() == "attempt = 1\n"
    assert (tiny / "exercises" / "exercise2_sums.backup2.py").read_text() == "attempt = 2\n"


def test_a_fresh_file_needs_no_copy(tiny: Path, xor_check: XorCheck):
    assert "is fresh already" in xor_check("reset", "sums").out
    assert len(list((tiny / "exercises").iterdir())) == 2


def test_a_missing_file_is_written(tiny: Path, xor_check: XorCheck):
    for file in (tiny / "exercises").iterdir():
        file.unlink()
    (tiny / "exercises").rmdir()
    assert xor_check("reset", "2").out == "exercises/exercise2_sums.py is fresh. Next: xor-check exercise2\n"
    assert (tiny / "exercises" / "exercise2_sums.py").read_text() == SUMS_STUB


def test_a_folder_that_cannot_be_written_is_a_wrong_call(
    tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    (tiny / "exercises" / "exercise2_sums.py").write_text("mine = 1\n")

    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("checker.cli.reset.keep", refuse)  # root, as in containers, may write everywhere
    done = xor_check("reset", "2")
    assert done.code == 2
    assert "cannot be written (Permission denied)" in done.err
    assert (tiny / "exercises" / "exercise2_sums.py").read_text() == "mine = 1\n"


def test_whoever_starts_again_gets_the_hints_from_the_first(tiny: Path, xor_check: XorCheck):
    first = xor_check("hint", "1", "rows")
    for file in (tiny / "exercises").iterdir():
        file.write_text("attempt = 1\n")
    xor_check("reset", "1")
    assert xor_check("hint", "1", "rows") == first
    xor_check("reset", "2")
    assert xor_check("hint", "1", "rows").out.startswith("hint 2 of 2")
