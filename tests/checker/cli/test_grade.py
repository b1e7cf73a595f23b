"""`xor-check grade` with judges that answer at once, and, where it is about processes, with real ones."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from checker.cli import grade as command
from checker.grading import nursery
from checker.grading.judge import Answer, Setting
from checker.grading.store import Row, State, Store
from checker.grading.unit import Order
from tests.checker.cli.conftest import XorCheck
from tests.checker.grading.filled_store import check
from tests.checker.grading.test_archive import zipped
from tests.checker.grading.test_run import FakeJudge, Script
from tests.checker.tiny_course import SHAPES_SOLUTION, SHAPES_STUB, SUMS_SOLUTION

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from checker.cli import main; main()", "grade"]
RECORDS = {
    "exercise1": check("exercise1", "passed", "failed", "todo"),
    "exercise2": check("exercise2", "passed"),
}

posix = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


class FakeJudges(AbstractContextManager["FakeJudges"]):
    def __init__(self, script: Script) -> None:
        self.script = script

    def judge(self, setting: Setting) -> FakeJudge:
        return FakeJudge(self.script)

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture
def judges(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """Judges that say of every file what `RECORDS` says of its exercise, and note their orders."""
    script = Script(lambda order: Answer(RECORDS[order.exercise], None))
    monkeypatch.setattr(nursery, "start", lambda: FakeJudges(script))
    yield script
    assert all(judge.ended for judge in script.made)


@pytest.fixture
def some_class(tiny: Path) -> Path:
    """Alice and Bob, who handed in, and Carol, who did not."""
    folder = tiny / "class"
    (folder / "alice").mkdir(parents=True)
    (folder / "alice" / "exercise1_shapes.py").write_text(SHAPES_SOLUTION)
    (folder / "alice" / "exercise2.py").write_text(SUMS_SOLUTION)
    (folder / "bob_exercise1.py").write_text(SHAPES_STUB)
    (folder / "carol").mkdir()
    return folder


def arguments(*more: str) -> list[str]:
    return ["class", "--out", "out", "--sandbox", "none", *more]


def rows(out: str = "out") -> dict[str, Row]:
    with Store.open(Path(out) / command.STORE) as store:
        return {row.student: row for row in store.rows()}


def states() -> dict[str, State]:
    return {student: row.state for student, row in rows().items()}


# What comes out


def test_every_submission_has_its_row_and_the_summary_counts_them(
    some_class: Path, judges: Script, xor_check: XorCheck
):
    (some_class / "dave.zip").write_bytes(b"no archive")
    (some_class / "erin.zip").write_bytes(zipped({"../exercise1.py": b""}))
    done = xor_check("grade", *arguments())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("5 submissions\n      2  graded\n")
    assert "1  nothing found" in done.out
    assert states() == {
        "alice": State.GRADED,
        "bob": State.GRADED,
        "carol": State.NOTHING_FOUND,
        "dave": State.UNREADABLE,
        "erin": State.REFUSED,
    }
    assert {student: row.score for student, row in rows().items() if row.score} == {"alice": 2, "bob": 1}


def test_nothing_is_left_in_the_folder_but_results(some_class: Path, judges: Script, xor_check: XorCheck):
    xor_check("grade", *arguments())
    assert not list(Path("out").glob("scratch-*"))
    assert not list(Path("out").glob("grades.sqlite-*"))
    assert not list(Path("out").glob("secret-seed-*"))


def test_only_the_exercises_that_were_asked_for_are_graded(some_class: Path, judges: Script, xor_check: XorCheck):
    assert xor_check("grade", *arguments("--exercises", " 2, sums")).code == 0
    assert set(rows()["alice"].checks) == {"exercise2"}
    assert states()["bob"] == State.NOTHING_FOUND
    xor_check("grade", *arguments("--exercises", "1"))
    assert set(rows()["alice"].checks) == {"exercise1", "exercise2"}


def test_a_rerun_grades_only_what_is_missing_or_has_changed(some_class: Path, judges: Script, xor_check: XorCheck):
    orders: list[tuple[str, bytes]] = []

    def answer(order: Order) -> Answer:
        orders.append((order.exercise, order.data))
        return Answer(RECORDS[order.exercise], None)

    judges.of = answer
    for expected in (3, 0):
        xor_check("grade", *arguments())
        assert len(orders) == expected
        orders.clear()
    (some_class / "bob_exercise1.py").write_bytes(b"# better")
    (some_class / "dave_exercise1.py").write_text(SHAPES_SOLUTION)  # as Alice's
    xor_check("grade", *arguments())
    assert orders == [("exercise1", b"# better")]
    assert rows()["dave"].checks == {"exercise1": RECORDS["exercise1"]}
    orders.clear()
    xor_check("grade", *arguments("--secret-seed", "class/dave_exercise1.py"))
    assert len(orders) == 3


@pytest.mark.parametrize(("whose", "count"), [("alice", 2), ("bob", 1), ("all", 3)])
def test_regrade_forgets_whose_it_names(some_class: Path, judges: Script, xor_check: XorCheck, whose: str, count: int):
    xor_check("grade", *arguments())
    orders: list[object] = []

    def answer(order: Order) -> Answer:
        orders.append(order)
        return Answer(RECORDS[order.exercise], None)

    judges.of = answer
    assert xor_check("grade", *arguments("--regrade", whose)).code == 0
    assert len(orders) == count
    assert states()["alice"] == states()["bob"] == State.GRADED


def test_what_was_so_at_the_time_is_kept_with_each_run(some_class: Path, judges: Script, xor_check: XorCheck):
    xor_check("grade", *arguments("--timeout", "3"))
    with Store.open(Path("out", command.STORE)) as store:
        (done,) = store.runs()
    assert done.finished is not None
    assert done.facts["timeout"] == 3.0
    assert set(done.facts["course"]) == {"exercise1", "exercise2"}
    assert {"python", "torch", "hypothesis"} <= set(done.facts["versions"])
    assert not done.facts["sandbox"]["enclosed"]


# The seed


def test_the_seed_is_made_once_kept_for_nobody_else_and_never_shown(
    some_class: Path, judges: Script, xor_check: XorCheck
):
    seeds: set[int] = set()

    def answer(order: Order) -> Answer:
        seeds.add(order.seed)
        return Answer(RECORDS[order.exercise], None)

    judges.of = answer
    said = [xor_check("grade", *arguments("--regrade", "all")) for _ in range(2)]
    (seed,) = seeds
    kept = Path("out", command.SEED_FILE)
    secret = kept.read_text().strip()
    assert len(secret) == 64
    if os.name == "posix":
        assert kept.stat().st_mode & 0o077 == 0
    hidden = [secret, str(seed), f"{seed:x}"]
    with closing(sqlite3.connect(Path("out", command.STORE))) as connection:
        texts = ["".join(connection.iterdump())]
    texts += [one.out + one.err for one in said]
    texts += [path.read_text("utf-8", "replace") for path in Path("out").rglob("*") if path.is_file() and path != kept]
    assert [(word, text) for word in hidden for text in texts if word in text] == []


def test_the_same_seed_file_draws_the_same_inputs_in_another_folder(
    some_class: Path, judges: Script, xor_check: XorCheck
):
    seeds: list[int] = []

    def answer(order: Order) -> Answer:
        seeds.append(order.seed)
        return Answer(RECORDS[order.exercise], None)

    judges.of = answer
    for content, out in (("apple\n", "one"), ("apple", "two"), ("pear", "three")):
        Path("mine").write_text(content)
        xor_check("grade", "class", "--out", out, "--sandbox", "none", "--exercises", "2", "--secret-seed", "mine")
        assert not Path(out, command.SEED_FILE).exists()
    assert seeds[0] == seeds[1] != seeds[2]


# Wrong calls


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--regrade", "zoe"], "--regrade 'zoe': nobody of that name has handed in."),
        (["--exercises", ","], "--exercises ',' names none: write them as 3,4,5."),
        (["--exercises", "1,9"], "9"),
        (["--secret-seed", "nowhere"], "The secret seed nowhere cannot be read (No such file or directory)."),
        (["--secret-seed", "empty"], "The secret seed empty is empty: write a line into it"),
        (["--workers", "0"], "--workers"),
        (["--sandbox", "some"], "--sandbox"),
        (["--timeout", "0"], "--timeout"),
        (["nowhere"], "'nowhere' is not there: name files, archives or folders that were handed in."),
    ],
)
def test_a_wrong_call_says_the_way_out(
    some_class: Path, judges: Script, xor_check: XorCheck, more: list[str], said: str
):
    Path("empty").write_text(" \n")
    done = xor_check("grade", *arguments(*more))
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.replace("│", " ").split())


def test_a_place_that_cannot_be_made_is_a_wrong_call(some_class: Path, judges: Script, xor_check: XorCheck):
    Path("taken").write_text("")
    done = xor_check("grade", "class", "--out", "taken", "--sandbox", "none")
    assert done == (2, "", "xor-check: --out 'taken' cannot be made (File exists): name another folder.\n")


def test_a_file_that_is_no_store_is_a_wrong_call(some_class: Path, judges: Script, xor_check: XorCheck):
    Path("out").mkdir()
    Path("out", command.STORE).write_text("a shopping list " * 100)
    done = xor_check("grade", *arguments())
    assert done.code == 2
    assert "is no store of grades" in done.err
    assert Path("out", command.STORE).read_text().startswith("a shopping list")


def test_a_class_that_is_too_large_is_a_wrong_call(
    some_class: Path, judges: Script, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("checker.grading.submissions.MAX_CLASS", 2)
    done = xor_check("grade", *arguments())
    assert (done.code, done.err.strip()) == (2, "xor-check: class: more than 2 files and folders in one.")


def test_judges_that_cannot_start_are_the_checkers_own_failure(some_class: Path, judges: Script, xor_check: XorCheck):
    judges.starts = iter([False] * 9)
    done = xor_check("grade", *arguments())
    assert done.code == 3
    assert "no judge can be started" in done.err


# Ctrl-C


def test_an_interrupt_is_told_and_the_same_call_goes_on(some_class: Path, judges: Script, xor_check: XorCheck):
    def interrupted(order: Order) -> Answer:
        if order.exercise == "exercise2":
            raise KeyboardInterrupt
        return Answer(RECORDS[order.exercise], None)

    judges.of = interrupted
    done = xor_check("grade", *arguments("--workers", "1"))
    assert done.code == 1
    assert done.out.endswith("Stopped by Ctrl-C. What is recorded stays; the same call goes on with the rest.\n")
    assert states()["alice"] == State.WAITING
    judges.of = lambda order: Answer(RECORDS[order.exercise], None)
    assert xor_check("grade", *arguments()).code == 0
    assert states()["alice"] == State.GRADED


def test_on_windows_and_macos_cores_are_counted_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert command._cores() == os.cpu_count()


@posix
@pytest.mark.slow
def test_a_real_interrupt_ends_every_process_and_loses_nothing(some_class: Path):
    started = Path("started").absolute()
    (some_class / "aaron_exercise2.py").write_text(
        f"def total(x):\n    open({str(started)!r}, 'w').close()\n    while True: pass\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XOR_COURSE": str(Path.cwd())}
    slow = subprocess.Popen(
        [*COMMAND, *arguments("--timeout", "100", "--workers", "2")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    last = time.monotonic() + 60
    while time.monotonic() < last and not started.exists():
        time.sleep(0.05)
    descendants = _descendants(slow.pid)
    slow.send_signal(signal.SIGINT)
    out, err = slow.communicate(timeout=30)
    assert (slow.returncode, err) == (1, "")
    assert "Stopped by Ctrl-C." in out
    assert len(descendants) >= 2
    last = time.monotonic() + 10
    while any(_is_alive(pid) for pid in descendants) and time.monotonic() < last:
        time.sleep(0.05)
    assert not any(_is_alive(pid) for pid in descendants)
    assert not list(Path("out").glob("scratch-*"))
    before = rows()
    assert before["aaron"].state == State.WAITING
    (some_class / "aaron_exercise2.py").write_text(SUMS_SOLUTION)
    again = subprocess.run([*COMMAND, *arguments("--workers", "2")], env=environment, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (0, "")
    assert {student: row.score for student, row in rows().items()} == {"aaron": 1, "alice": 4, "bob": 0, "carol": 0}
    for student, row in before.items():
        for exercise, one in row.checks.items():
            assert json.dumps(one) == json.dumps(rows()[student].checks[exercise])


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for thread in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            children = [int(child) for child in thread.read_text().split()]
            found.update(children)
            waiting += children
    return found


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
