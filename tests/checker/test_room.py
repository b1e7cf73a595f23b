"""What students' code meets in a room, and that the attempts that are stopped there succeed where there is none."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from checker import bubblewrap, limits, sandbox
from checker.probing import probes
from checker.sandbox import Lost, Workers
from tests.checker.jobs import RIGHT, ask, job, load

pytestmark = pytest.mark.skipif(bubblewrap.missing() is not None, reason=str(bubblewrap.missing()))


@pytest.fixture(scope="module")
def room() -> Iterator[Workers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(probes.VARIABLE, probes.TOKEN)
        with sandbox.start(enclosed=True) as started:
            yield started


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("solutions") / "solution.py"
    file.write_text("an answer")
    return file


def test_everything_that_is_tried_in_a_room_is_stopped(room: Workers, answers: Path):
    assert probes.open_to(probes.run(room, answers)) == []


@pytest.mark.slow
def test_without_a_room_the_same_attempts_succeed(answers: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(probes.VARIABLE, probes.TOKEN)
    with sandbox.start("fork") as workers:
        found = {finding.danger: finding for finding in probes.run(workers, answers)}
    for danger in ("read the solutions", "use the network", "leave files behind for whoever comes next"):
        assert not found[danger].stopped


def test_a_right_answer_is_as_right_in_a_room(room: Workers):
    with load(room, job()) as worker:
        assert str(ask(worker, 2.5)) == "5.0"


def test_a_students_code_imports_what_was_not_imported_before_it_came(room: Workers):
    with load(room, job("import xorfunc.checkpoint\n\n\ndef double(x):\n    return 2 * x\n")) as worker:
        assert worker.loaded.problem is None
        assert str(ask(worker, 2.5)) == "5.0"


def test_what_lies_in_a_folder_that_is_needed_can_be_hidden():
    hidden = Path(sys.prefix) / "lib" / "secret-of-a-test"
    hidden.mkdir()
    try:
        (hidden / "solution.py").write_text("an answer")
        seen = subprocess.run(
            bubblewrap.command(["/usr/bin/env", "ls", str(hidden)], hidden=[str(hidden)]),
            capture_output=True,
            text=True,
        )
        assert (seen.returncode, seen.stdout) == (0, "")
    finally:
        (hidden / "solution.py").unlink()
        hidden.rmdir()


CHILDREN = """
import os, time
def double(x):
    for _ in range(5):
        if os.fork() == 0:
            data = bytearray(2**30)
            for place in range(0, len(data), 4096):
                data[place] = 1
            time.sleep(60)
            os._exit(0)
    time.sleep(60)
"""


@pytest.mark.slow
def test_memory_that_several_processes_take_together_is_counted(room: Workers):
    began = monotonic()
    with load(room, job(CHILDREN)) as worker, pytest.raises(Lost) as lost:
        ask(worker, 1.0, seconds=30.0)
    assert lost.value.status == "crashed"
    assert monotonic() - began < 20


BOMB = """
import os
def double(x):
    while True:
        try:
            os.fork()
        except OSError:
            pass
"""


def test_a_fork_bomb_ends_at_the_deadline_and_harms_nobody_after_it(room: Workers):
    with load(room, job(BOMB)) as worker, pytest.raises(Lost) as lost:
        ask(worker, 1.0, seconds=1.0)
    assert lost.value.status == "timeout"
    test_a_right_answer_is_as_right_in_a_room(room)


ENDS_ALL = """
import os, signal
def double(x):
    for pid in range(1, 100):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return x
"""


def test_whoever_ends_all_it_can_ends_only_its_own_room(room: Workers):
    with load(room, job(ENDS_ALL)) as worker, suppress(Lost):
        ask(worker, 1.0)
    test_a_right_answer_is_as_right_in_a_room(room)


DEEP = """
import os, tempfile
def double(x):
    os.chdir(tempfile.gettempdir())
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
    os.mkdir("locked", 0)
    return 2 * x
"""
LISTED = """
import os, tempfile
def double(x):
    return os.listdir(tempfile.gettempdir())
"""


@pytest.mark.slow
def test_what_cannot_be_tidied_up_costs_the_room_and_not_the_next_one(room: Workers):
    with load(room, job(DEEP)) as worker:
        assert ask(worker, 1.0) == 2.0
    with load(room, job(LISTED)) as worker:
        assert ask(worker, 1.0) == []


def test_leaving_the_block_ends_the_room():
    before = _children()
    with sandbox.start(enclosed=True) as workers, load(workers, job(RIGHT)) as worker:
        ask(worker, 1.0)
        during = _children()
    assert not _children() & (during - before)


def _children() -> set[int]:
    return set(limits.children())
