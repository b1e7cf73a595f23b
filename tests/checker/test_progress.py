import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


DAMAGED = ["", "{", "[]", "null", '{"exercises": 3}', "\udcff", "[" * 99_999]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_counts_as_empty_and_is_kept_aside(
    tiny: Course, content: str, capsys: pytest.CaptureFixture[str]
):
    damaged = content.encode("utf-8", "surrogateescape")
    for number in (1, 2):
        (tiny.root / "progress.json").write_bytes(damaged)
        assert progress.load(tiny).of(tiny.exercises[0], "rows") == Memory()
        assert f"it is kept as progress.damaged{number}.json" in capsys.readouterr().err
        assert (tiny.root / f"progress.damaged{number}.json").read_bytes() == damaged
    progress.load(tiny)
    assert capsys.readouterr().err == ""


def test_a_damaged_file_that_cannot_be_moved_is_left_as_it_is(tiny: Course, monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tiny.root / "progress.json").write_text("{")
    monkeypatch.setattr("pathlib.Path.rename", refuse)
    said: list[str] = []
    assert progress.load(tiny, said.append) == Progress()
    assert said[0].endswith("nor moved (Permission denied): it is left as it is.")


names = st.text(alphabet="ab_1", min_size=1, max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


@given(
    extra=st.dictionaries(names, anything),
    exercises=st.dictionaries(names | st.just("exercise1_shapes"), anything | st.dictionaries(names, anything)),
    version=st.none() | st.integers(),
)
def test_whatever_is_not_understood_is_kept_when_something_is_remembered(
    extra: dict[str, object], exercises: dict[str, object], version: int | None
):
    with TemporaryDirectory() as folder:
        tiny = course.find(write_tiny_course(Path(folder, "tiny")))
        file, exercise = tiny.root / "progress.json", tiny.exercises[0]
        before = {**extra, "exercises": exercises} | ({} if version is None else {"version": version})
        file.write_text(json.dumps(before))
        memory = Memory("passed", "abc", 1)
        progress.save(tiny, progress.load(tiny).remember(exercise, "rows", memory))
        after = json.loads(file.read_text())
        assert progress.load(tiny).of(exercise, "rows") == memory
        own = exercises.get(exercise.stem)
        own = own if isinstance(own, dict) else {}
        assert {**after, "exercises": None, "version": 0} == {**extra, "exercises": None, "version": 0}
        assert {**after["exercises"], exercise.stem: None} == {**exercises, exercise.stem: None}
        assert after["exercises"][exercise.stem] == {**own, "rows": after["exercises"][exercise.stem]["rows"]}
        assert after["version"] == max(1, version or 1)


def test_entries_of_other_versions_keep_what_is_understood_and_what_is_not(tiny: Course):
    entries = {"rows": {"status": "passed", "new": 1, "hints": -3}, "gone": {"status": 7}, "columns": "?"}
    (tiny.root / "progress.json").write_text(
        json.dumps({"version": 9, "exercises": {"exercise1_shapes": entries, "exercise77_old": {}}})
    )
    loaded = progress.load(tiny)
    assert loaded.of(tiny.exercises[0], "rows") == Memory("passed")
    assert loaded.of(tiny.exercises[0], "columns") == Memory()
    progress.save(tiny, loaded.remember(tiny.exercises[0], "rows", Memory("failed")))
    rows = {"status": "failed", "new": 1, "hints": 0, "source": None}
    assert json.loads((tiny.root / "progress.json").read_text()) == {
        "version": 9,
        "exercises": {"exercise1_shapes": {**entries, "rows": rows}, "exercise77_old": {}},
    }


def test_half_a_line_in_the_file_does_not_take_back_what_passed(tiny: Course):
    write(tiny, "rows")
    remembered = checked(tiny, Verdict("rows", "passed", ""))
    progress.save(tiny, remembered)
    file, text = tiny.exercises[0].file, tiny.exercises[0].file.read_text()
    file.write_text(text + "def f(:")
    remembered = checked(tiny, Verdict("rows", "invalid", "no Python"))
    assert progress.standing(tiny.exercises[0], remembered)["rows"] == "broken"
    file.write_text(text)
    assert progress.standing(tiny.exercises[0], remembered)["rows"] == "passed"


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
