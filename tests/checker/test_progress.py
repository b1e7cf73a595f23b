import json
import os
from pathlib import Path

import pytest

from checker import course, draft, progress
from checker.course import Course
from checker.progress import Memory, Progress
from checker.verdict import Verdict
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture
def tiny(tmp_path: Path) -> Course:
    return course.find(write_tiny_course(tmp_path / "tiny"))


def write(tiny: Course, function: str) -> None:
    file = tiny.exercises[0].file
    stub = f"def {function}(x: Tensor)"
    before, _, after = file.read_text().partition(stub)
    file.write_text(before + stub + after.replace("raise NotImplementedError", "return x + 0", 1))


def checked(tiny: Course, *verdicts: Verdict) -> Progress:
    exercise = tiny.exercises[0]
    return progress.checked(progress.load(tiny), exercise, verdicts, draft.read(exercise))


def test_what_is_saved_is_loaded_again(tiny: Course):
    remembered = Progress().remember(tiny.exercises[0], "rows", Memory("passed", "abc", 2))
    progress.save(tiny, remembered)
    assert progress.load(tiny) == remembered
    assert [path.name for path in tiny.root.iterdir() if "progress" in path.name] == ["progress.json"]


def test_the_file_can_be_read_by_people(tiny: Course):
    progress.save(tiny, Progress().remember(tiny.exercises[0], "rows", Memory("failed", "abc", 1)))
    assert json.loads((tiny.root / "progress.json").read_text()) == {
        "version": 1,
        "exercises": {"exercise1_shapes": {"rows": {"status": "failed", "source": "abc", "hints": 1}}},
    }


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"exercises": 3}', '{"exercises": {"exercise1_shapes": 3}}', "\udcff", "[" * 99_999],
)
def test_a_damaged_file_counts_as_empty(tiny: Course, content: str):
    (tiny.root / "progress.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert progress.load(tiny).of(tiny.exercises[0], "rows") == Memory()


def test_entries_of_other_versions_keep_what_is_understood(tiny: Course):
    entries = {"rows": {"status": "passed", "new": 1, "hints": -3}, "gone": {"status": 7}, "columns": "?"}
    (tiny.root / "progress.json").write_text(
        json.dumps({"version": 9, "exercises": {"exercise1_shapes": entries, "exercise77_old": {}}})
    )
    loaded = progress.load(tiny)
    assert loaded.of(tiny.exercises[0], "rows") == Memory("passed")
    assert loaded.of(tiny.exercises[0], "columns") == Memory()
    progress.save(tiny, loaded)
    assert "gone" in (tiny.root / "progress.json").read_text()


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are those of POSIX")
def test_a_folder_that_cannot_be_written_is_no_error(tiny: Course, monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)  # root, as in containers, may write everywhere
    progress.save(tiny, Progress())
    assert not (tiny.root / "progress.json").exists()


def test_an_interrupted_save_leaves_the_old_file_and_nothing_beside_it(tiny: Course, monkeypatch: pytest.MonkeyPatch):
    old = Progress().remember(tiny.exercises[0], "rows", Memory("passed"))
    progress.save(tiny, old)

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    progress.save(tiny, Progress())
    assert progress.load(tiny) == old
    assert sorted(path.name for path in tiny.root.iterdir()) == ["exercises", "progress.json", "solutions"]


def test_a_passed_function_is_changed_once_its_text_is(tiny: Course):
    write(tiny, "rows")
    remembered = checked(tiny, Verdict("rows", "passed", ""))
    assert progress.standing(tiny.exercises[0], remembered)["rows"] == "passed"
    file = tiny.exercises[0].file
    file.write_text(file.read_text().replace("return x + 0", "return x + 1"))
    assert progress.standing(tiny.exercises[0], remembered)["rows"] == "changed"


def test_every_status_that_is_not_passed_stands_as_failed(tiny: Course):
    write(tiny, "rows")
    for status in ("failed", "error", "timeout", "crashed"):
        remembered = checked(tiny, Verdict("rows", status, "?"))
        assert progress.standing(tiny.exercises[0], remembered)["rows"] == "failed"


def test_the_text_decides_before_the_memory(tiny: Course):
    remembered = checked(tiny, Verdict("rows", "passed", ""), Verdict("columns", "todo", ""))
    write(tiny, "columns")
    assert progress.standing(tiny.exercises[0], remembered) == {
        "rows": "todo",
        "columns": "written",
        "double": "todo",
    }


def test_a_check_keeps_the_hints_that_were_shown(tiny: Course):
    exercise = tiny.exercises[0]
    before = Progress().remember(exercise, "rows", Memory(hints=2))
    after = progress.checked(before, exercise, [Verdict("rows", "failed", "?")], draft.read(exercise))
    assert after.of(exercise, "rows").hints == 2
    assert before.of(exercise, "rows").status is None
