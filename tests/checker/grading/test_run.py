import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from checker import course
from checker.grading import run as module
from checker.grading.judge import Answer, Gone, Setting
from checker.grading.run import MAX_FALSE_STARTS, NoJudge, Plan
from checker.grading.store import MAX_TRIES, Progress, State, Store
from checker.grading.unit import Order
from tests.checker.tiny_course import write_tiny_course

CHECK = {"score": 1}


@dataclass
class Script:
    """What fake judges do: by default they answer."""

    of: Callable[[Order], Any] = lambda order: Answer(CHECK, None)
    starts: Iterator[bool] = field(default_factory=lambda: itertools.repeat(True))
    made: list["FakeJudge"] = field(default_factory=list)
    lives: int = 0
    most: int = 0


class FakeJudge:
    """A judge without a process; `script.of` gives an answer, "dies", or "sleeps"."""

    remote = False

    def __init__(self, script: Script) -> None:
        self.script, self.said, self.ended = script, queue.SimpleQueue[Any](), False
        self.pid = 0
        script.made.append(self)
        script.lives += 1
        script.most = max(script.most, script.lives)
        self.said.put({} if next(script.starts) else Gone())

    def receive(self) -> Any:
        said = self.said.get()
        if isinstance(said, Gone):
            raise said
        return said

    def send(self, order: Order) -> None:
        answer = self.script.of(order)
        if answer == "dies":
            self.said.put(Gone())
        elif isinstance(answer, Answer):
            self.said.put(vars(answer))

    def end(self, patience: float = 0.0) -> str:
        assert not self.ended, "a judge is ended once"
        self.ended = True
        self.script.lives -= 1
        self.said.put(Gone())
        return "SIGSEGV"


class Desk:
    """A run on a store in a folder."""

    def __init__(self, folder: Path, script: Script) -> None:
        self.script = script
        found = course.find(write_tiny_course(folder / "tiny"))
        self.plan = Plan(found, found.exercises, 7, "seed", 10.0, 2, enclosed=False)
        self.out = folder
        self.store = Store.open(folder / "grades.sqlite")
        self.store.assign({e.name: e.functions for e in found.exercises}, {"exercise1": 0, "exercise2": 1})
        self.progress: list[Progress] = []

    def hand_in(self, *contents: str) -> None:
        for content in contents:
            files = {"exercise1": content.encode()}
            self.store.hand_in(content, content, files, among=self.plan.versions(), seed="seed")

    def grade(self) -> None:
        def make(setting: Setting) -> FakeJudge:
            return FakeJudge(self.script)

        module.grade(self.store, self.plan, self.out, "run", self.out, self.progress.append, make)

    def states(self) -> dict[str, State]:
        return {row.student: row.state for row in self.store.rows()}


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def desk(tmp_path: Path, script: Script) -> Iterator[Desk]:
    desk = Desk(tmp_path, script)
    yield desk
    desk.store.close()
    assert all(judge.ended for judge in script.made), "a judge was left over"


def test_all_is_graded_by_no_more_judges_than_there_may_be(desk: Desk, script: Script):
    desk.hand_in(*"abcdefgh")
    desk.grade()
    assert desk.states() == dict.fromkeys("abcdefgh", State.GRADED)
    assert script.most == 2
    assert desk.progress[-1] == Progress(8, 8)
    assert [one.done for one in desk.progress] == sorted(one.done for one in desk.progress)


def test_no_judge_is_started_where_nothing_is_left_to_do(desk: Desk, script: Script):
    desk.grade()
    desk.hand_in("a")
    desk.grade()
    desk.grade()
    assert len(script.made) == 1


def test_an_order_is_the_file_and_the_secret_seed_and_not_whose_it_is(desk: Desk, script: Script):
    orders: list[Order] = []
    script.of = lambda order: orders.append(order) or Answer(CHECK, None)
    desk.hand_in("alice")
    desk.grade()
    versions = desk.plan.versions()
    assert orders == [Order("exercise1", versions["exercise1"], 7, 10.0, b"alice")]


def test_a_unit_that_ends_its_judges_is_parked_and_the_others_are_graded(desk: Desk, script: Script):
    seen: list[bytes] = []
    script.of = lambda order: seen.append(order.data) or ("dies" if order.data == b"bad" else Answer(CHECK, None))
    desk.hand_in("bad", "good", "fine")
    desk.grade()
    assert desk.states() == {"bad": State.PARKED, "good": State.GRADED, "fine": State.GRADED}
    assert seen.count(b"bad") == MAX_TRIES
    assert desk.store.rows()[0].reason == "exercise1: its judge ended (SIGSEGV)"


def test_a_judge_that_dies_once_costs_nothing(desk: Desk, script: Script):
    deaths = iter([True])
    script.of = lambda order: "dies" if next(deaths, False) else Answer(CHECK, None)
    desk.hand_in(*"abc")
    desk.grade()
    assert set(desk.states().values()) == {State.GRADED}


def test_a_judge_that_never_answers_is_replaced(desk: Desk, script: Script, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "patience", lambda exercise, timeout: 0.05)
    monkeypatch.setattr(module, "GLANCE", 0.01)
    script.of = lambda order: "sleeps" if order.data == b"bad" else Answer(CHECK, None)
    desk.hand_in("bad", "good")
    desk.grade()
    assert desk.states() == {"bad": State.PARKED, "good": State.GRADED}
    assert "did not answer in time" in desk.store.rows()[0].reason


def test_where_the_checker_itself_fails_the_row_says_so(desk: Desk, script: Script):
    script.of = lambda order: Answer(None, "TypeError: oh") if order.data == b"bad" else Answer(CHECK, None)
    desk.hand_in("bad", "good")
    desk.grade()
    assert desk.states() == {"bad": State.CRASHED, "good": State.GRADED}
    assert desk.store.rows()[0].reason == "exercise1: the checker failed (TypeError: oh)"
    assert len(script.made) == 2


def test_where_the_system_makes_no_more_processes_the_run_ends_with_its_reason(desk: Desk):
    def make(setting: Setting) -> FakeJudge:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    desk.hand_in("a")
    with pytest.raises(NoJudge, match=r"no judge can be started: .*Resource temporarily unavailable"):
        module.grade(desk.store, desk.plan, desk.out, "run", desk.out, desk.progress.append, make)
    assert desk.store.claimants(desk.plan.names) == []


def test_judges_that_never_get_ready_end_the_run_with_their_reason(desk: Desk, script: Script):
    script.starts = itertools.repeat(False)
    desk.hand_in("a")
    with pytest.raises(NoJudge, match="no judge can be started: 3 have ended"):
        desk.grade()
    assert desk.states() == {"a": State.WAITING}
    assert len(script.made) <= MAX_FALSE_STARTS + 1


def test_a_judge_that_starts_in_vain_now_and_then_is_only_replaced(desk: Desk, script: Script):
    script.starts = itertools.cycle([False, True])
    seen: list[bytes] = []
    script.of = lambda order: (
        seen.append(order.data) or ("dies" if seen.count(order.data) == 1 else Answer(CHECK, None))
    )
    desk.hand_in(*"abcd")
    desk.grade()
    assert set(desk.states().values()) == {State.GRADED}


def test_an_interrupt_gives_back_what_was_at_work_and_ends_the_judges(desk: Desk, script: Script):
    def interrupt(order: Order) -> Any:
        if order.data == b"b":
            raise KeyboardInterrupt
        return "sleeps"

    script.of = interrupt
    desk.hand_in(*"abc")
    with pytest.raises(KeyboardInterrupt):
        desk.grade()
    assert desk.store.claimants(["exercise1"]) == []
    script.of = lambda order: Answer(CHECK, None)
    desk.grade()
    assert set(desk.states().values()) == {State.GRADED}


def test_claims_of_a_run_that_is_gone_are_taken_over(desk: Desk):
    desk.hand_in("a")
    assert desk.store.claim("gone", desk.plan.names) is not None
    desk.grade()
    assert desk.states() == {"a": State.GRADED}


def test_a_lease_that_ran_out_is_taken_over_where_no_lock_says_that_a_run_is_gone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.hand_in("a")
    monkeypatch.setattr(module.presence, "gone", lambda out, token: False)
    monkeypatch.setattr("checker.grading.store.LEASE", -1.0)
    assert desk.store.claim("gone", desk.plan.names) is not None
    monkeypatch.setattr("checker.grading.store.LEASE", 60.0)
    desk.grade()
    assert desk.states() == {"a": State.GRADED}


def test_a_run_waits_for_what_another_one_is_at(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.hand_in("a", "b")
    monkeypatch.setattr(module.presence, "gone", lambda out, token: False)
    monkeypatch.setattr(module, "GLANCE", 0.01)
    unit = desk.store.claim("other", desk.plan.names)
    assert unit is not None

    def other() -> None:
        with Store.open(desk.out / "grades.sqlite") as store:
            time.sleep(0.2)
            store.record(unit, "other", {"score": 9})

    thread = threading.Thread(target=other)
    thread.start()
    desk.grade()
    scores = {row.student: row.score for row in desk.store.rows()}
    thread.join()
    assert scores == {"a": 9, "b": 1}


def test_nobody_waits_for_a_run_that_grades_other_exercises(desk: Desk):
    desk.store.hand_in("z", "z", {"exercise2": b"z"}, among=desk.plan.versions(), seed="seed")
    assert desk.store.claim("other", ["exercise2"]) is not None
    desk.hand_in("a")
    desk.plan = Plan(desk.plan.course, desk.plan.exercises[:1], 7, "seed", 10.0, 2, enclosed=False)
    desk.grade()
    assert desk.states()["a"] == State.GRADED


def test_claims_are_renewed_while_judges_are_at_work(desk: Desk, script: Script, monkeypatch: pytest.MonkeyPatch):
    renewed: list[str] = []
    monkeypatch.setattr(module, "LEASE", 0.03)
    monkeypatch.setattr(module, "GLANCE", 0.01)
    monkeypatch.setattr(Store, "renew", lambda store, token: renewed.append(token))

    def slowly(order: Order) -> Any:
        time.sleep(0.05)
        return Answer(CHECK, None)

    script.of = slowly
    desk.hand_in(*"abc")
    desk.grade()
    assert set(renewed) == {"run"}
