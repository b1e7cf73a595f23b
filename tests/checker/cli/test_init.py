from pathlib import Path

import pytest

from checker import course, draft
from tests.checker.cli.conftest import XorCheck


def test_a_fresh_course_is_all_stubs_and_no_answers(tmp_path: Path, xor_check: XorCheck):
    done = xor_check("init", str(tmp_path / "new" / "mine"))
    assert done.code == 0
    assert f"cd {tmp_path / 'new' / 'mine'}" in done.out
    made = course.find(tmp_path / "new" / "mine")
    assert sorted(path.name for path in made.root.iterdir()) == ["README.md", "exercises"]
    assert len(made.exercises) == len(course.packaged().exercises) > 0
    for exercise in made.exercises:
        assert set(draft.read(exercise).writing.values()) == {"todo"}


def test_an_empty_folder_may_be_there_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck):
    monkeypatch.chdir(tmp_path)
    assert xor_check("init", ".").code == 0
    assert (tmp_path / "README.md").is_file()


def test_the_next_commands_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck):
    monkeypatch.chdir(tmp_path)
    assert "\n    cd 'my course'\n    xor-check\n" in xor_check("init", "my course").out
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert "cd " not in xor_check("init", ".").out


@pytest.mark.parametrize("name", ["README.md", "exercises"])
def test_nothing_is_overwritten(tmp_path: Path, xor_check: XorCheck, name: str):
    (tmp_path / name).write_text("mine")
    done = xor_check("init", str(tmp_path))
    assert done.code == 2
    assert f"{tmp_path / name} is there already" in done.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_wrong_call(tmp_path: Path, xor_check: XorCheck):
    (tmp_path / "file").touch()
    done = xor_check("init", str(tmp_path / "file" / "below"))
    assert done.code == 2
    assert "name another folder" in done.err
