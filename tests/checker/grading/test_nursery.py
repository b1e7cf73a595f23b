"""Real judges, forked or fresh: they grade, leave nothing running, and one after the other can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import course, limits, sandbox
from checker.course import Course
from checker.grading import nursery
from checker.grading.judge import Answer, Gone, Judge, Setting
from checker.grading.nursery import Judges
from checker.grading.unit import Order, course_version
from tests.checker.jobs import KINDS
from tests.checker.tiny_course import write_tiny_course

RIGHT = b"def total(x):\n    return x.sum()\n"
LOOKS_AROUND = b"""
import os, sys, tempfile
def total(x):
    print(os.getcwd(), tempfile.gettempdir(), hash("xor"))
    return x.sum()
"""

forked = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked there")


@pytest.fixture
def found(tmp_path: Path) -> Course:
    return course.find(write_tiny_course(tmp_path / "tiny"))


@pytest.fixture(params=KINDS)
def judges(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judges]:
    monkeypatch.setenv(sandbox.VARIABLE, request.param)
    with nursery.start() as started:
        yield started


@pytest.fixture
def nest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judges]:
    """Judges that are forked."""
    monkeypatch.setenv(sandbox.VARIABLE, "fork")
    with nursery.start() as started:
        yield started


def setting(found: Course, scratch: Path) -> Setting:
    scratch.mkdir(exist_ok=True)
    return Setting(str(found.root), ("exercise2",), str(scratch))


def order(found: Course, data: bytes = RIGHT) -> Order:
    return Order("exercise2", course_version(found.select("exercise2")), 5, 10.0, data)


def ready(judge: Judge) -> Judge:
    assert judge.receive() == {}
    return judge


def graded(judge: Judge, found: Course, data: bytes = RIGHT) -> Answer:
    judge.send(order(found, data))
    return judge.answer()


def test_a_judge_grades_and_leaves_nothing_running(judges: Judges, found: Course, tmp_path: Path):
    judge = ready(judges.judge(setting(found, tmp_path)))
    answer = graded(judge, found)
    assert answer.check is not None
    assert (answer.check["score"], answer.check["passed"]) == (1, True)
    judge.send(Order("exercise2", "another version", 5, 10.0, RIGHT))
    assert judge.answer() == Answer(None, "WrongCourse: exercise2 is of another version here: bring the same course "
                                          "to every machine")  # fmt: skip
    workers = children(judge.pid)
    assert judge.end() == "SIGKILL"
    assert judge.end() == "SIGKILL", "to end it a second time does nothing"
    last = time.monotonic() + 10
    while running(workers) and time.monotonic() < last:
        time.sleep(0.01)
    assert running(workers) == []
    with pytest.raises(Gone):
        judge.receive()


def test_a_judge_stands_in_the_scratch_and_hashes_as_all_do(judges: Judges, found: Course, tmp_path: Path):
    said: list[str] = []
    for scratch in (tmp_path / "one", Path(os.path.relpath(tmp_path / "two"))):
        judge = ready(judges.judge(setting(found, scratch)))
        answer = graded(judge, found, LOOKS_AROUND)
        judge.end()
        assert answer.check is not None
        folder, temporary, hashed = answer.check["functions"][0]["printed"].split()[:3]
        assert folder == temporary == os.path.abspath(scratch)
        said.append(hashed)
    assert said[0] == said[1]


def test_a_judge_without_orders_leaves_by_itself(judges: Judges, found: Course, tmp_path: Path):
    judge = ready(judges.judge(setting(found, tmp_path)))
    assert judge.end(10.0) == "exit code 0"


@forked
def test_a_judge_whose_zygote_was_killed_leaves_rather_than_fail_at_everything(
    nest: Judges, found: Course, tmp_path: Path
):
    judge = ready(nest.judge(setting(found, tmp_path)))
    (zygote,) = children(judge.pid)
    os.kill(zygote, signal.SIGKILL)
    judge.send(order(found, b"def total(x):\n    return 1\n"))
    with pytest.raises(Gone):
        judge.receive()
    judge.end()


@forked
def test_a_judge_whose_zygote_can_open_no_more_files_leaves_rather_than_fail_everybody(
    nest: Judges, found: Course, tmp_path: Path
):
    import resource

    judge = ready(nest.judge(setting(found, tmp_path)))
    assert graded(judge, found).check is not None  # so that the zygote has all that it imports
    (zygote,) = children(judge.pid)
    resource.prlimit(zygote, resource.RLIMIT_NOFILE, (1, 1))
    judge.send(order(found))
    with pytest.raises(Gone):
        judge.receive()
    judge.end()


@forked
def test_one_judge_that_dies_is_no_matter_to_the_others(nest: Judges, found: Course, tmp_path: Path):
    first, second = (ready(nest.judge(setting(found, tmp_path))) for _ in range(2))
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(Gone):
        first.receive()
    assert first.end() == "SIGKILL"
    third = ready(nest.judge(setting(found, tmp_path)))
    for judge in (second, third):
        answer = graded(judge, found)
        assert answer.check is not None
        assert answer.check["passed"]
        judge.end()


@forked
def test_a_nursery_that_was_killed_takes_its_judges_along_and_is_replaced(nest: Judges, found: Course, tmp_path: Path):
    first = ready(nest.judge(setting(found, tmp_path)))
    family = [first.pid, *children(first.pid)]
    (killed,) = (pid for pid in limits.children() if first.pid in children(pid))
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(Gone):
        first.receive()
    assert first.end() == "SIGKILL"
    second = ready(nest.judge(setting(found, tmp_path)))
    answer = graded(second, found)
    assert answer.check is not None
    assert answer.check["passed"]
    second.end()
    assert running(family) == []


@forked
def test_a_nursery_holds_neither_answers_nor_what_draws_inputs(nest: Judges, found: Course, tmp_path: Path):
    judge = ready(nest.judge(setting(found, tmp_path)))
    (pid,) = (pid for pid in limits.children() if judge.pid in children(pid))
    files = Path(f"/proc/{pid}/maps").read_text()
    assert "libtorch" in files
    judge.end()
    code = (
        "import checker.worker, json, sys; from importlib import import_module; from checker.grading import nursery;"
        "[import_module(name) for name in nursery.PRELOADED]; print(json.dumps(list(sys.modules)))"
    )
    names = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert {"torch", "checker.exam"} <= set(names)
    assert {"hypothesis", "checker.answer_key", "checker.draw"} & set(names) == set()


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def running(pids: list[int]) -> list[int]:
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}/exe")]
