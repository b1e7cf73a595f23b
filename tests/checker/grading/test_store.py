import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from checker.grading import store as module
from checker.grading.store import LEASE, MAX_TRIES, Row, State, Store, Unit

COURSE = {"exercise1": "course v1", "exercise2": "course v1"}
CHECK: Mapping[str, Any] = {"score": 2, "max_score": 3}
STUDENTS = st.sampled_from(["alice", "bob"])
EXERCISES = st.sampled_from(list(COURSE))
CONTENT = st.sampled_from([b"one", b"two"])
TOKENS = st.sampled_from(["first run", "second run"])
BOTH = tuple(COURSE)


class Clock:
    """The time that the store sees."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "grades.sqlite") as opened:
        opened.assign({"exercise1": ("rows", "columns"), "exercise2": ("total",)}, {"exercise1": 0, "exercise2": 1})
        yield opened


def hand_in(store: Store, student: str, files: Mapping[str, bytes], course: Mapping[str, str] = COURSE) -> None:
    store.hand_in(student, f"class/{student}", files, among=course, seed="seed")


def claimed(store: Store, token: str = "run") -> Unit:
    unit = store.claim(token, BOTH)
    assert unit is not None
    return unit


def row(store: Store, student: str) -> Row:
    return next(row for row in store.rows() if row.student == student)


class Grading(RuleBasedStateMachine):
    """Runs that come, die, are slow and come back, beside a model that is only a dictionary.

    A unit is known by its exercise and content. The model holds its result as soon as it is recorded; what the store
    says must be the same after every step, however the runs behaved.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.real_time, module.time = module.time, self.clock  # pyright: ignore[reportAttributeAccessIssue]
        self.store = Store.open(Path(":memory:"))
        self.handed_in: dict[str, dict[str, bytes]] = {}
        self.held: dict[tuple[str, bytes], tuple[str, float]] = {}
        self.done: dict[tuple[str, bytes], int] = {}
        self.ended: dict[tuple[str, bytes], State] = {}
        self.tries: dict[tuple[str, bytes], int] = {}
        self.remembered: list[tuple[Unit, str]] = []
        self.results = 0

    def teardown(self) -> None:
        self.store.close()
        module.time = self.real_time  # pyright: ignore[reportAttributeAccessIssue]

    @initialize()
    def assign(self) -> None:
        self.store.assign({"exercise1": ("rows",), "exercise2": ("total",)}, {"exercise1": 0, "exercise2": 1})

    def needed(self) -> set[tuple[str, bytes]]:
        return {unit for files in self.handed_in.values() for unit in files.items()}

    @rule(student=STUDENTS, files=st.dictionaries(EXERCISES, CONTENT))
    def hand_in(self, student: str, files: dict[str, bytes]) -> None:
        hand_in(self.store, student, files)
        self.handed_in[student] = files

    @rule(token=TOKENS, exercises=st.sampled_from([BOTH, ("exercise1",)]))
    def claim(self, token: str, exercises: tuple[str, ...]) -> None:
        free = {
            unit
            for unit in self.needed() - set(self.done) - set(self.ended)
            if unit[0] in exercises and (unit not in self.held or self.held[unit][1] < self.clock.now)
        }
        assert self.store.waiting(exercises) == len(free)
        unit = self.store.claim(token, exercises)
        if unit is None:
            assert not free
            return
        key = (unit.exercise, unit.data)
        assert key in free
        assert unit.tries == self.tries.get(key, 0) == min(self.tries.get(one, 0) for one in free)
        self.held[key] = (token, self.clock.now + LEASE)
        self.remembered.append((unit, token))

    @precondition(lambda self: self.remembered)
    @rule(back=st.integers(1, 3))
    def record(self, back: int) -> None:
        unit, token = self.remembered[-back:][0]
        self.results += 1
        counted = self.store.record(unit, token, {"score": self.results})
        key = (unit.exercise, unit.data)
        assert counted == (self.held.get(key, ("", 0.0))[0] == token)
        if counted:
            del self.held[key]
            self.done[key] = self.results

    @precondition(lambda self: self.remembered)
    @rule(back=st.integers(1, 3), state=st.sampled_from([State.PARKED, State.CRASHED]))
    def fail(self, back: int, state: State) -> None:
        unit, token = self.remembered[-back:][0]
        key = (unit.exercise, unit.data)
        held = self.held.get(key, ("", 0.0))[0] == token
        self.store.failed(unit, token, state, "why")
        if held:
            del self.held[key]
            self.tries[key] = self.tries.get(key, 0) + 1
            if self.tries[key] == MAX_TRIES:
                self.ended[key] = state

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE + 1.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(token=TOKENS)
    def renew(self, token: str) -> None:
        self.store.renew(token)
        for key, (holder, _) in self.held.items():
            if holder == token:
                self.held[key] = (token, self.clock.now + LEASE)

    @rule(token=TOKENS)
    def release(self, token: str) -> None:
        self.store.release(token)
        self.held = {key: held for key, held in self.held.items() if held[0] != token}

    @rule(student=st.one_of(st.none(), STUDENTS), exercises=st.sampled_from([BOTH, ("exercise2",)]))
    def regrade(self, student: str | None, exercises: tuple[str, ...]) -> None:
        self.store.regrade(student, exercises)
        for whose, files in self.handed_in.items():
            for key in files.items() if student in (None, whose) else ():
                if key[0] in exercises:
                    for known in (self.held, self.done, self.ended, self.tries):
                        known.pop(key, None)

    @invariant()
    def every_submission_is_one_row_with_what_was_recorded(self) -> None:
        rows = self.store.rows()
        assert [row.student for row in rows] == sorted(self.handed_in)
        for row in rows:
            files = self.handed_in[row.student]
            recorded = {
                exercise: self.done[unit] for unit in files.items() for exercise in unit[:1] if unit in self.done
            }
            assert {exercise: check["score"] for exercise, check in row.checks.items()} == recorded
            states = {self.ended[unit] for unit in files.items() if unit in self.ended}
            if states:
                assert row.state == (State.PARKED if State.PARKED in states else State.CRASHED)
            elif len(recorded) < len(files):
                assert row.state == State.WAITING
            else:
                assert row.state == State.GRADED

    @invariant()
    def claims_are_those_that_were_made(self) -> None:
        assert set(self.store.claimants(BOTH)) == {token for token, _ in self.held.values()}
        progress = self.store.progress()
        needed = self.needed()
        assert (progress.done, progress.total) == (len(needed & (set(self.done) | set(self.ended))), len(needed))


Grading.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestGrading = Grading.TestCase


def test_a_file_that_two_handed_in_is_graded_once(store: Store):
    hand_in(store, "alice", {"exercise1": b"same"})
    hand_in(store, "bob", {"exercise1": b"same"})
    store.record(claimed(store), "run", CHECK)
    assert store.claim("run", BOTH) is None
    assert row(store, "alice").checks == row(store, "bob").checks == {"exercise1": CHECK}
    assert row(store, "alice").score == 2


def test_a_rerun_grades_what_changed_and_what_the_course_changed(store: Store):
    hand_in(store, "alice", {"exercise1": b"old", "exercise2": b"kept"})
    for _ in BOTH:
        store.record(claimed(store), "run", CHECK)
    hand_in(store, "alice", {"exercise1": b"new", "exercise2": b"kept"})
    assert claimed(store).data == b"new"
    assert store.claim("run", BOTH) is None
    hand_in(store, "alice", {"exercise1": b"new", "exercise2": b"kept"}, COURSE | {"exercise2": "course v2"})
    unit = claimed(store)
    assert (unit.exercise, unit.course) == ("exercise2", "course v2")
    assert store.hand_in("alice", "class/alice", {}, among=COURSE, seed="another seed") is None


def test_another_seed_is_another_unit(store: Store):
    hand_in(store, "alice", {"exercise1": b"same"})
    store.record(claimed(store), "run", CHECK)
    store.hand_in("alice", "class/alice", {"exercise1": b"same"}, among=COURSE, seed="another")
    assert row(store, "alice").state == State.WAITING
    assert claimed(store).data == b"same"


def test_what_was_handed_in_for_exercises_that_are_not_looked_for_stays(store: Store):
    hand_in(store, "alice", {"exercise1": b"first"})
    hand_in(store, "alice", {"exercise2": b"second"}, {"exercise2": "course v1"})
    assert set(row(store, "alice").sha256) == {"exercise1", "exercise2"}


def test_a_problem_is_a_row_until_it_is_handed_in_well(store: Store):
    store.hand_in("alice", "a.zip", {}, among=COURSE, seed="seed", problem=State.UNREADABLE, reason="broken")
    assert (row(store, "alice").state, row(store, "alice").reason) == (State.UNREADABLE, "broken")
    hand_in(store, "alice", {"exercise1": b"1"})
    assert (row(store, "alice").state, len(store.rows())) == (State.WAITING, 1)


def test_a_lost_claim_can_record_nothing(store: Store, clock: Clock):
    hand_in(store, "alice", {"exercise1": b"1"})
    slow = claimed(store, "slow")
    assert store.claim("quick", BOTH) is None
    clock.now += LEASE + 1
    quick = claimed(store, "quick")
    assert not store.record(slow, "slow", {"score": 0})
    assert store.record(quick, "quick", CHECK)
    assert not store.record(slow, "slow", {"score": 0})
    assert row(store, "alice").checks == {"exercise1": CHECK}


def test_a_claim_that_is_renewed_is_kept(store: Store, clock: Clock):
    hand_in(store, "alice", {"exercise1": b"1"})
    claimed(store, "slow")
    for _ in range(5):
        clock.now += LEASE / 2
        store.renew("slow")
    assert store.claim("quick", BOTH) is None


def test_three_judges_may_die_of_a_unit(store: Store):
    hand_in(store, "alice", {"exercise1": b"1"})
    last = [store.failed(claimed(store), "run", State.PARKED, "its judge ended (SIGSEGV)") for _ in range(MAX_TRIES)]
    assert last == [False, False, True]
    assert store.claim("run", BOTH) is None
    found = row(store, "alice")
    assert (found.state, found.reason) == (State.PARKED, "exercise1: its judge ended (SIGSEGV)")
    assert store.regrade("alice", BOTH) == 1
    assert claimed(store).tries == 0


def test_regrading_forgets_the_tries_of_a_unit_that_waits(store: Store):
    hand_in(store, "alice", {"exercise1": b"1"})
    store.failed(claimed(store), "run", State.PARKED, "why")
    store.regrade(None, BOTH)
    assert claimed(store).tries == 0


def test_a_unit_that_failed_waits_behind_the_others(store: Store):
    hand_in(store, "alice", {"exercise1": b"deadly"})
    store.failed(claimed(store), "run", State.PARKED, "why")
    hand_in(store, "bob", {"exercise1": b"harmless"})
    assert [claimed(store).data, claimed(store).data] == [b"harmless", b"deadly"]


def test_a_result_that_is_no_json_is_not_recorded(store: Store):
    hand_in(store, "alice", {"exercise1": b"1"})
    unit = claimed(store)
    with pytest.raises(ValueError, match="JSON"):
        store.record(unit, "run", {"score": float("nan")})
    assert store.record(unit, "run", CHECK)


def test_runs_and_the_assignment_are_given_back(store: Store, clock: Clock):
    store.begin("one", {"timeout": 10.0})
    clock.now += 5
    store.end("one")
    store.begin("two", {"sandbox": {"enclosed": True}})
    first, second = store.runs()
    assert (first.finished, second.finished) == (first.started + 5, None)
    assert second.facts == {"sandbox": {"enclosed": True}}
    assert store.assignment() == {"exercise1": ("rows", "columns"), "exercise2": ("total",)}


def test_a_file_name_of_a_student_is_no_text_of_the_student(store: Store):
    hand_in(store, "../../etc/passwd", {"exercise1": b"1"})
    assert row(store, "../../etc/passwd").safe_name.isalnum()


def test_all_is_there_again_after_the_file_is_opened_anew(tmp_path: Path):
    with Store.open(tmp_path / "s.sqlite") as store:
        store.assign({"exercise1": ("rows",)}, {"exercise1": 0})
        hand_in(store, "alice", {"exercise1": b"1"})
        store.record(claimed(store), "run", CHECK)
        before = store.rows()
    with Store.open(tmp_path / "s.sqlite") as store:
        assert store.rows() == before


def test_two_open_stores_never_claim_the_same_unit(tmp_path: Path):
    with Store.open(tmp_path / "s.sqlite") as one, Store.open(tmp_path / "s.sqlite") as two:
        hand_in(one, "alice", {"exercise1": b"1", "exercise2": b"2"})
        assert {claimed(one, "one").data, claimed(two, "two").data} == {b"1", b"2"}
        assert one.claim("one", BOTH) is two.claim("two", BOTH) is None


def test_runs_that_make_the_same_store_wait_for_each_other(tmp_path: Path):
    def make(path: Path) -> None:
        start.wait()
        Store.open(path).close()

    start = Barrier(6)
    with ThreadPoolExecutor(6) as runs:
        for number in range(20):
            list(runs.map(make, [tmp_path / f"{number}.sqlite"] * 6))


def test_a_store_is_durable_before_record_returns(tmp_path: Path):
    with Store.open(tmp_path / "s.sqlite") as store, closing(sqlite3.connect(tmp_path / "s.sqlite")) as beside:
        hand_in(store, "alice", {"exercise1": b"1"})
        store.record(claimed(store), "run", CHECK)
        assert json.loads(beside.execute("SELECT result FROM units").fetchone()[0]) == CHECK
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_store_of_another_version_says_what_to_do(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match=r"version 99, and this program writes \d+: name another folder"):
        Store.open(path)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be looked at" * 50, b"SQLite format 3\0" + b"1" * 200]
)
def test_a_file_that_is_no_store_is_not_touched(tmp_path: Path, content: bytes):
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no store of grades"):
        Store.open(path)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_not_touched(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="version 0"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_a_store_is_said_in_words(tmp_path: Path):
    os.mkdir(tmp_path / "s.sqlite")
    with pytest.raises(ValueError, match="no store of grades"):
        Store.open(tmp_path / "s.sqlite")
