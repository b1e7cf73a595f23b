import os
from collections.abc import Callable, Mapping
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from checker import course
from checker.course import Exercise
from checker.grading.handed_in import LITTER, shown
from checker.grading.store import State
from checker.grading.submissions import Names, Submission, read
from tests.checker.grading.test_archive import special, tarred, zipped
from tests.checker.tiny_course import write_tiny_course

Read = Callable[..., dict[str, Submission]]


@pytest.fixture(scope="module")
def exercises(tmp_path_factory: pytest.TempPathFactory) -> tuple[Exercise, ...]:
    return tuple(course.find(write_tiny_course(tmp_path_factory.mktemp("tiny"))).exercises)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "class").mkdir()
    return tmp_path / "class"


@pytest.fixture
def found(exercises: tuple[Exercise, ...], place: Path) -> Read:
    """What is found in a class, by student; of both exercises unless told otherwise."""

    def find(*paths: Path, only: int = len("ab")) -> dict[str, Submission]:
        submissions = list(read(paths or (place,), exercises[:only]))
        assert len({one.student for one in submissions}) == len(submissions)
        return {one.student: one for one in submissions}

    return find


def write(place: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)


def files(found: Mapping[str, Submission]) -> dict[str, dict[str, bytes]]:
    return {student: dict(one.files) for student, one in found.items()}


def test_a_class_is_a_folder_with_a_submission_an_entry(place: Path, found: Read):
    both = {"exercise1_shapes.py": b"1", "exercise2.py": b"2"}
    write(place, {f"alice/{name}": content for name, content in both.items()})
    write(place, {"bob.zip": zipped(both), "carol.tar.gz": tarred(both), "dave.TGZ": tarred(both)})
    write(place, {"erin_exercise1.py": b"1", "erin_exercise2_sums.py": b"2"})
    students = ["alice", "bob", "carol", "dave", "erin"]
    assert files(found()) == {student: {"exercise1": b"1", "exercise2": b"2"} for student in students}
    assert all(one.problem is None for one in found().values())


@pytest.mark.parametrize("inside", ["", "exercises"])
def test_a_folder_with_exercises_is_one_submission(place: Path, found: Read, inside: str):
    write(place / "alice" / inside, {"exercise1_shapes.py": b"1"})
    assert files(found(place / "alice")) == {"alice": {"exercise1": b"1"}}


def test_files_and_archives_may_be_named_themselves(place: Path, found: Read):
    write(place, {"alice/exercise1.py": b"1", "bob.zip": zipped({"exercise2.py": b"2"})})
    assert files(found(place / "alice" / "exercise1.py", place / "bob.zip")) == {
        "alice": {"exercise1": b"1"},
        "bob": {"exercise2": b"2"},
    }


def test_the_current_folder_has_a_name(place: Path, found: Read, monkeypatch: pytest.MonkeyPatch):
    write(place, {"alice/exercise1.py": b"1"})
    monkeypatch.chdir(place / "alice")
    assert files(found(Path("."))) == {"alice": {"exercise1": b"1"}}


@pytest.mark.parametrize(
    "name",
    ["exercise1.py", "exercise1_shapes.py", "exercise1 (2).py", "exercise1_shapes-1.py", "alice_exercise1.py",
     "alice.exercise1_shapes.py", "Müller, Ana - exercise1.py"],
)  # fmt: skip
def test_a_file_is_for_the_exercise_that_its_name_says(exercises: tuple[Exercise, ...], name: str):
    named = Names(exercises).exercise(name)
    assert named is not None
    assert named[1] == "exercise1"


@pytest.mark.parametrize(
    "name",
    ["exercise1.txt", "exercise1", "exercise11.py", "exercise1_sums.py", "myexercise1.py", "exercise1.py.bak",
     "exercise٣.py", "notes.py"],
)  # fmt: skip
def test_a_name_that_is_another_is_for_none(exercises: tuple[Exercise, ...], name: str):
    assert Names(exercises).exercise(name) is None


@given(student=st.text(st.characters(categories=["L", "N"]), min_size=1), number=st.sampled_from([1, 2]))
def test_a_loose_file_has_its_student_in_front(exercises: tuple[Exercise, ...], student: str, number: int):
    assert Names(exercises).exercise(f"{student}_exercise{number}.py") == (student, f"exercise{number}")


def test_a_loose_file_needs_no_more_than_a_name_where_one_exercise_is_graded(place: Path, found: Read):
    write(place, {"alice.py": b"1", "bob_exercise1.py": b"2"})
    assert files(found(only=1)) == {"alice": {"exercise1": b"1"}, "bob": {"exercise1": b"2"}}
    assert found()["alice"].problem == State.NOTHING_FOUND


def test_a_file_for_an_exercise_that_is_not_graded_says_whose_it_is_and_no_more(place: Path, found: Read):
    write(place, {"alice_exercise1.py": b"1", "alice_exercise2.py": b"2", "bob_exercise2.py": b"2"})
    write(place, {"carol/exercise2.py": b"2"})
    assert files(found(only=1)) == {"alice": {"exercise1": b"1"}, "bob": {}, "carol": {}}
    assert (
        files(found(place / "carol", only=1)) == files(found(place / "carol" / "exercise2.py", only=1)) == {"carol": {}}
    )
    assert found(only=1)["alice"].problem is None


def test_the_highest_file_counts_and_two_at_one_height_are_refused(place: Path, found: Read):
    write(place, {"alice/old/exercise1.py": b"old", "alice/exercise1.py": b"new"})
    write(place, {"bob/a/exercise1.py": b"1", "bob/b/exercise1.py": b"2"})
    write(place, {"carol/exercise1.py": b"1", "carol/exercise1 (1).py": b"2"})
    whole = found()
    assert whole["alice"].files == {"exercise1": b"new"}
    assert whole["bob"].problem == whole["carol"].problem == State.REFUSED
    assert whole["bob"].reason.startswith("several files for exercise1 (a/exercise1.py and b/exercise1.py)")


def test_who_handed_in_twice_has_one_row_that_says_so(place: Path, found: Read):
    write(place, {"alice/exercise1.py": b"1", "alice.zip": zipped({"exercise1.py": b"1"}), "bob/exercise1.py": b"1"})
    whole = found()
    assert whole["alice"].problem == State.REFUSED
    assert whole["alice"].reason.startswith("handed in 2 times")
    assert "alice.zip" in whole["alice"].reason
    assert whole["bob"].problem is None


def test_the_same_place_named_twice_is_twice_handed_in(place: Path, found: Read):
    write(place, {"alice_exercise1.py": b"1"})
    assert found(place, place / "alice_exercise1.py")["alice"].problem == State.REFUSED


def test_what_holds_nothing_says_how_files_should_be_named(place: Path, found: Read):
    (place / "alice").mkdir()
    write(place, {"bob.zip": zipped({"report.pdf": b""}), "carol.txt": b"sorry"})
    whole = found()
    assert {one.problem for one in whole.values()} == {State.NOTHING_FOUND}
    assert "exercise1_shapes.py" in whole["alice"].reason
    assert sorted(whole) == ["alice", "bob", "carol"]


def test_what_systems_leave_behind_is_nobody(place: Path, found: Read):
    write(place, {".DS_Store": b"", "__MACOSX/x": b"", "Thumbs.db": b"", "alice/exercise1.py": b"1"})
    write(place, {"bob.zip": zipped({"exercise1.py": b"1", "__MACOSX/exercise1.py": b"2", "._exercise1.py": b"3"})})
    assert files(found()) == {"alice": {"exercise1": b"1"}, "bob": {"exercise1": b"1"}}


def test_a_name_that_begins_with_a_dot_is_graded_as_any_other(place: Path, found: Read):
    write(place, {".ann/exercise1.py": b"1", ".bob.zip": zipped({".bob/exercise1.py": b"2"})})
    write(place, {".carol.tgz": tarred({"exercise1.py": b"3"}), ".dave_exercise1.py": b"4", ".exercise1.py": b"5"})
    write(
        place, {".erin": b"", "frank/.exercise1.py": b"6", "grace/.work/exercise1.py": b"7", "alice/exercise1.py": b"8"}
    )
    whole = found()
    assert whole.pop(".erin").problem == State.NOTHING_FOUND
    contents = {".ann": b"1", ".bob": b"2", ".carol": b"3", ".dave": b"4", ".exercise1": b"5"}
    contents |= {"frank": b"6", "grace": b"7", "alice": b"8"}
    assert files(whole) == {student: {"exercise1": content} for student, content in contents.items()}
    assert files(found(place / ".ann", place / ".bob.zip")) == {
        student: files(whole)[student] for student in (".ann", ".bob")
    }
    assert files(found(place / ".dave_exercise1.py")) == {".dave": {"exercise1": b"4"}}


def test_what_begins_with_a_dot_is_in_nobodys_way(place: Path, found: Read):
    write(place, {"alice/exercise1.py": b"1", "alice/.backup/exercise1.py": b"2", "alice/.exercise1.py": b"3"})
    write(place, {"bob.zip": zipped({"sub/exercise1.py": b"1", ".exercise1.py": b"2", ".old/exercise2.py": b"3"})})
    (place / "alice" / ".#exercise1.py").symlink_to("nowhere")  # an editor's lock
    (place / "alice" / ".git").mkdir()
    (place / "alice" / ".git" / "exercise2.py").symlink_to("nowhere")
    assert files(found()) == {"alice": {"exercise1": b"1"}, "bob": {"exercise1": b"1"}}


def test_an_archive_or_a_file_without_a_name_has_one_all_the_same(place: Path, found: Read):
    write(place, {".zip": zipped({"exercise1.py": b"1"}), ".py": b"2"})
    assert files(found(only=1)) == {".zip": {"exercise1": b"1"}, ".py": {"exercise1": b"2"}}


def test_the_guide_lists_what_is_nobodys():
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "instructors.md").read_text("utf-8").casefold()
    assert [name for name in LITTER if f"`{name}`" not in guide] == []


def test_a_trap_is_refused_and_spares_the_others(place: Path, found: Read):
    write(place, {"alice/exercise1.py": b"1"})
    (place / "bob").mkdir()
    (place / "bob" / "exercise1.py").symlink_to("../alice/exercise1.py")
    (place / "carol").symlink_to("alice")
    (place / "dave_exercise1.py").symlink_to("alice/exercise1.py")
    os.mkfifo(place / "erin_exercise1.py")
    os.mkfifo(place / "frank.zip")
    (place / "grace.zip").symlink_to("alice")
    write(place, {"heidi.zip": zipped({"../alice/exercise1.py": b"2"}), "ivan.tgz": special(b"2", "alice")})
    whole = found()
    assert whole.pop("alice").files == {"exercise1": b"1"}
    assert {student: one.problem for student, one in whole.items()} == dict.fromkeys(whole, State.REFUSED)
    assert len(whole) == 8


def test_a_folder_that_is_named_like_an_archive_or_a_file_is_a_folder(place: Path, found: Read):
    write(place, {"alice.zip/exercise1.py": b"1", "bob_exercise1.py/exercise1.py": b"2"})
    whole = found()
    assert whole["alice"].files == {"exercise1": b"1"}
    assert whole["bob"].problem == State.NOTHING_FOUND


def test_a_broken_archive_is_unreadable(place: Path, found: Read):
    broken = bytearray(zipped({"exercise1.py": b"print(1)" * 20}))
    broken[45] ^= 0xFF
    write(place, {"alice.zip": bytes(broken), "bob.tar.gz": b"no archive", "carol.zip": b""})
    assert {one.problem for one in found().values()} == {State.UNREADABLE}


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_name_is_shown_as_one_line_of_plain_text(place: Path, found: Read):
    for name in (b"\x1b[2J\n_exercise1.py", b"\xff_exercise1.py", b"=cmd|'/C calc'!A0_exercise1.py"):
        Path(os.fsdecode(bytes(place) + b"/" + name)).write_bytes(b"1") if b"/" not in name else None
    for student, one in found().items():
        assert student.isprintable()
        assert one.source.isprintable()
        student.encode()


A_FILE = b"1"
MADE: dict[str, Callable[[Path], object]] = {
    "_exercise1.py": lambda path: path.write_bytes(A_FILE),
    " exercise1.py": lambda path: path.write_bytes(A_FILE),
    ".py": lambda path: path.write_bytes(A_FILE),
    ".txt": lambda path: path.write_bytes(A_FILE),
    ".zip": lambda path: path.write_bytes(zipped({"exercise1.py": A_FILE})),
    ".tar.gz": lambda path: path.write_bytes(b"no archive"),
    "_exercise2.py": lambda path: path.symlink_to("nowhere"),
    "": lambda path: write(path, {"exercise1.py": A_FILE}),
}
"""How an entry of a class is made, by how its name ends."""


def is_nobodys(name: str) -> bool:
    """Whether the guide lists it."""
    return name.startswith("._") or name.casefold() in LITTER


NAME = st.text(st.characters(categories=["L", "N", "P", "S", "Z"], exclude_characters="/,"), max_size=8)
ENTRY = st.tuples(st.sampled_from(["", ".", "._"]) | st.just("."), NAME, st.sampled_from(sorted(MADE))) | st.tuples(
    st.just(""), st.sampled_from([*sorted(LITTER), ".DS_Store", "Thumbs.db"]), st.just("")
)


@given(entries=st.lists(ENTRY, max_size=6, unique_by="".join))
def test_every_entry_of_a_class_is_in_exactly_one_row_unless_it_is_litter(
    entries: list[tuple[str, str, str]], exercises: tuple[Exercise, ...], tmp_path_factory: pytest.TempPathFactory
):
    place = tmp_path_factory.mktemp("class")
    names: list[str] = []
    for before, name, ending in entries:
        entry = place / (before + name + ending or "x")
        if entry.name and entry.parent == place and not os.path.lexists(entry):
            MADE[ending](entry)
            names.append(entry.name)
    rows = list(read([place], exercises))
    sources = [source for row in rows for source in row.source.split(", ")]
    assert sorted(sources) == sorted(shown(str(place / name)) for name in names if not is_nobodys(name))
    assert len({row.student for row in rows}) == len(rows)
    assert all(row.student and row.student.isprintable() for row in rows)
    assert all(row.files or (row.problem and row.reason) for row in rows)
