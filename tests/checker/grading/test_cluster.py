"""Grading on Dask: what a worker that dies costs, and what is said when the cluster itself is gone."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from checker import course
from checker.course import Course
from checker.grading import cluster
from checker.grading import run as module
from checker.grading.cluster import Machines, NoCluster, RemoteJudge
from checker.grading.judge import Answer, Gone, Setting
from checker.grading.run import NoJudge, Plan
from checker.grading.store import State, Store
from checker.grading.unit import Order
from checker.probing.probes import Finding
from checker.probing.survey import Survey
from tests.checker.tiny_course import write_tiny_course

ORDER = Order("exercise2", "version", 5, 10.0, b"def total(x):\n    return x.sum()\n")
SETTING = Setting("tiny", ("exercise2",), "scratch")


class KilledWorker(Exception):
    """As Dask's."""


class Client:
    """Stands in for Dask's: does at once what it is told, or fails as it should."""

    def __init__(self, result: Any, surveys: dict[str, Any] | None = None) -> None:
        self._result, self._surveys = result, surveys
        self.cancelled = False

    def submit(self, function: object, *arguments: object, pure: bool) -> "Client":
        assert not pure, "Dask would give the answer of another unit's run"
        return self

    def result(self) -> Any:
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result

    def cancel(self) -> None:
        self.cancelled = True

    def run(self, function: object, *arguments: object) -> Any:
        return self._surveys


def judge(result: Any) -> RemoteJudge:
    made = RemoteJudge(Client(result), KilledWorker, SETTING)
    assert made.receive() == {}, "it is ready at once"
    return made


def test_an_answer_comes_back_as_it_was_given():
    answer = Answer({"score": 1}, None)
    one = judge(json.dumps(asdict(answer)).encode())
    one.send(ORDER)
    assert Answer(**one.receive()) == answer


def test_a_unit_that_kills_one_worker_after_another_is_counted_as_one_that_kills_its_judge():
    one = judge(KilledWorker("four of them"))
    one.send(ORDER)
    assert "four of them" in Answer(**one.receive()).lost


def test_a_cluster_that_is_gone_is_no_units_fault(tmp_path: Path):
    found = course.find(write_tiny_course(tmp_path / "tiny"))
    plan = Plan(found, found.exercises, 7, "seed", 10.0, 2, enclosed=False)
    with Store.open(tmp_path / "grades.sqlite") as store:
        store.assign({"exercise2": ("total",)}, {"exercise2": 1})
        store.hand_in("alice", "alice", {"exercise2": b"1"}, among=plan.versions(), seed="seed")
        for _ in range(5):
            machines = Machines(Client(ConnectionError("nobody answers")), KilledWorker)
            with pytest.raises(NoJudge, match=r"nobody answers.*goes on with the rest"):
                module.grade(store, plan, tmp_path, "run", tmp_path, lambda _: None, machines.judge)
        assert [row.state for row in store.rows()] == [State.WAITING]


def test_a_judge_that_is_no_longer_wanted_takes_back_what_it_is_at():
    one = judge(b"{}")
    one.send(ORDER)
    one.end()
    assert one._client.cancelled
    one.receive()
    with pytest.raises(Gone):
        one.receive()


def survey_of(
    stopped: bool, *, enclosed: bool = True, problem: str | None = None, version: str = "1"
) -> dict[str, Any]:
    finding = Finding("read the solutions", "bubblewrap", stopped, "")
    taken = Survey(enclosed, None if enclosed else "no bubblewrap", (finding,), {})
    return {"problem": problem, "versions": {"exercise2": version}, "survey": taken.as_data()}


def survey(**machines: dict[str, Any]) -> Survey:
    return Machines(Client(None, machines), KilledWorker).survey(Path("tiny"), {"exercise2": "1"}, enclosed=True)


def test_what_is_open_on_one_machine_is_open():
    assert not survey(one=survey_of(stopped=True), other=survey_of(stopped=True)).open
    assert survey(one=survey_of(stopped=True), other=survey_of(stopped=False)).open


def test_there_is_a_sandbox_only_if_every_machine_has_one():
    found = survey(one=survey_of(stopped=True), other=survey_of(stopped=False, enclosed=False))
    assert (found.enclosed, found.missing) == (False, "no bubblewrap")


@pytest.mark.parametrize(
    ("machines", "told"),
    [
        ({}, "no worker"),
        ({"one": survey_of(stopped=True, version="2")}, "one has other versions of exercise2"),
        ({"one": {"problem": "no exercise2"}}, "one: no exercise2"),
    ],
)
def test_machines_that_would_grade_otherwise_are_refused(machines: dict[str, Any], told: str):
    with pytest.raises(NoCluster, match=told):
        survey(**machines)


# With Dask


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return course.find(write_tiny_course(tmp_path_factory.mktemp("course")))


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    pytest.importorskip("distributed")
    with cluster.connected("local:2") as machines:
        yield machines


def files(count: int) -> list[bytes]:
    return [f"# {number}\ndef total(x):\n    return x.sum()\n".encode() for number in range(count)]


@pytest.mark.slow
@pytest.mark.cluster
def test_a_worker_that_is_killed_in_the_middle_costs_nothing(machines: Machines, tiny: Course, tmp_path: Path):
    plan = Plan(tiny, tiny.exercises[1:], 7, "seed", 30.0, 2, enclosed=False)
    recorded: list[int] = []
    killed = threading.Event()

    def kill_one(progress: Any) -> None:
        if progress.done == 3 and not killed.is_set():
            killed.set()
            pids = machines._client.run(os.getpid)
            os.kill(next(iter(pids.values())), signal.SIGKILL)

    with Store.open(tmp_path / "grades.sqlite") as store:
        store.assign({"exercise2": ("total",)}, {"exercise2": 1})
        for number, data in enumerate(files(12)):
            store.hand_in(f"s{number}", "", {"exercise2": data}, among=plan.versions(), seed="seed")
        record = store.record

        def count(unit: Any, token: str, result: Any) -> bool:
            recorded.append(unit.id)
            return record(unit, token, result)

        store.record = count  # type: ignore[method-assign]
        module.grade(store, plan, tmp_path, "run", tmp_path, kill_one, machines.judge)
        assert killed.is_set()
        assert [row.state for row in store.rows()] == [State.GRADED] * 12
        assert [row.score for row in store.rows()] == [1] * 12
    assert sorted(recorded) == sorted(set(recorded)), "none is recorded twice"


@pytest.mark.slow
@pytest.mark.cluster
def test_a_file_that_kills_its_judge_does_not_kill_the_worker(machines: Machines, tiny: Course, tmp_path: Path):
    before = set(machines._client.run(os.getpid).values())
    plan = Plan(tiny, tiny.exercises[1:], 7, "seed", 30.0, 2, enclosed=False)
    kills = b"import os, signal\nos.kill(int(open('/proc/%d/stat' % os.getppid()).read().split()[3]), signal.SIGKILL)\n"
    with Store.open(tmp_path / "grades.sqlite") as store:
        store.assign({"exercise2": ("total",)}, {"exercise2": 1})
        store.hand_in("mallory", "", {"exercise2": kills}, among=plan.versions(), seed="seed")
        module.grade(store, plan, tmp_path, "run", tmp_path, lambda _: None, machines.judge)
        (row,) = store.rows()
    assert row.state == State.PARKED
    assert "its judge ended" in row.reason
    assert before <= set(machines._client.run(os.getpid).values())


@pytest.mark.slow
@pytest.mark.cluster
def test_a_scheduler_that_is_not_there_is_told_in_time(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECTING", 1.0)
    began = time.monotonic()
    with pytest.raises(NoCluster, match="cannot be reached"), cluster.connected("127.0.0.1:9"):
        pass
    assert time.monotonic() - began < 10
