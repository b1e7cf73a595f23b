"""How workers come and go: at the deadline, with the judge, and however the judge itself goes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest
import torch

from checker import sandbox
from checker.ending import Ending
from checker.observation import Array, identical
from checker.sandbox import Lost, Workers
from tests.checker.jobs import CHECKS, KINDS, ask, harm, job, load, workers

__all__ = ["workers"]

METHODS = pytest.mark.parametrize("method", KINDS)
X = Array(torch.tensor([1.0, -2.5]))


def pid_of(workers: Workers, source: str | None = None) -> object:
    with load(workers, job() if source is None else job(source)) as worker:
        return ask(worker, X, law="where")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    last = monotonic() + seconds
    while not condition() and monotonic() < last:
        sleep(0.01)
    return condition()


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


# One judge, many jobs


@METHODS
def test_leaving_the_block_leaves_no_process_thread_or_file(method: sandbox.Method):
    threads, files = threading.active_count(), open_files()
    with sandbox.start(method) as workers:
        pids = {pid_of(workers) for _ in range(3)}
        worker = load(workers, job())  # one that nobody closes
        pids.add(ask(worker, X, law="where"))
    assert soon(lambda: not any(alive(pid) for pid in pids))
    assert soon(lambda: threading.active_count() == threads)
    assert soon(lambda: open_files() <= files)


def test_many_jobs_need_no_more_threads_and_files_than_one(workers: Workers):
    pid_of(workers)
    threads, files = threading.active_count(), len(open_files())
    for _ in range(10):
        pid_of(workers)
    assert soon(lambda: threading.active_count() <= threads)
    assert soon(lambda: len(open_files()) <= files)


def test_two_workers_work_side_by_side(workers: Workers):
    with load(workers, job()) as one, load(workers, job("def double(x):\n    return 3 * x\n")) as other:
        for _ in range(3):
            assert identical(ask(one, X), Array(2 * X.data))
            assert identical(ask(other, X), Array(3 * X.data))


def test_a_lost_worker_stays_lost(workers: Workers):
    with load(workers, harm("os_exit")) as worker:
        for _ in range(2):
            with pytest.raises(Lost, match=r"os\._exit"):
                ask(worker, X)
        assert worker.printed == "last words\n"


def test_a_deadline_that_has_passed_is_a_timeout(workers: Workers):
    with load(workers, job("import time\ndef double(x):\n    time.sleep(0.5)\n")) as worker:
        with pytest.raises(Lost) as lost:
            ask(worker, X, seconds=-1)
        assert lost.value.status == "timeout"


def test_a_worker_is_given_up_long_before_its_deadline_once_nobody_wants_to_know():
    wanted = threading.Event()
    with (
        sandbox.start("fork", interrupted=wanted.is_set) as workers,
        load(workers, job("def double(x):\n    while True: pass\n")) as worker,
    ):
        threading.Timer(0.2, wanted.set).start()
        started = monotonic()
        with pytest.raises(Lost, match="was interrupted"):
            ask(worker, X, seconds=60)
        assert monotonic() - started < 5


def test_a_large_question_to_a_worker_that_does_not_listen_is_a_timeout(workers: Workers):
    source = "import os, signal\ndef double(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n"
    with load(workers, job(source)) as worker:
        started = monotonic()
        with pytest.raises(Lost) as lost:
            ask(worker, Array(torch.zeros(5_000_000)), seconds=1)
        assert lost.value.status == "timeout"
        assert monotonic() - started < 4


def test_forked_workers_and_their_zygote_hold_one_thread_each():
    with sandbox.start("fork") as workers, load(workers, job()) as worker:
        pid = ask(worker, X, law="where")
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
        for process in (pid, parent):
            assert "Threads:\t1\n" in Path(f"/proc/{process}/status").read_text()


def test_a_worker_is_restricted(workers: Workers):
    source = (
        "import resource, os, sys\n"
        "def double(x):\n"
        "    names = 'CORE', 'FSIZE', 'NOFILE', 'DATA', 'CPU'\n"
        "    return [resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in names]\n"
    )
    with load(workers, job(source)) as worker:
        core, size, files, data, cpu = ask(worker, X)
    assert core == (0, 0)
    assert size == (64 * 2**20, 64 * 2**20)
    assert files == (256, 256)
    assert 4 * 2**30 < data[1] < 6 * 2**30
    assert 0 < cpu[1] < 3600


def test_a_worker_computes_with_one_thread(workers: Workers):
    source = "import torch\ndef double(x):\n    return torch.get_num_threads()\n"
    with load(workers, job(source)) as worker:
        assert ask(worker, X) == 1


def test_a_worker_leads_a_session_of_its_own_without_a_terminal(workers: Workers):
    source = "import os\ndef double(x):\n    return os.getsid(0) == os.getpid() == os.getpgid(0)\n"
    with load(workers, job(source)) as worker:
        assert ask(worker, X) is True


# Kept for the next job


ORDINARY = {
    "nothing": "",
    "transforms": "torch.func.hessian(lambda x: (x ** 2).sum())(torch.ones(3))",
    "forward mode": "torch.func.jvp(torch.sin, (torch.ones(3),), (torch.ones(3),))",
    "a module": "torch.nn.Linear(2, 2)(torch.ones(2)).sum().backward()",
    "settings": "torch.manual_seed(1); torch.set_default_dtype(torch.float64); torch.set_num_threads(2)",
    "paths": "import os, sys; os.chdir('/'); sys.path.append('/nowhere'); os.environ['HOME'] = '/nowhere'",
    "a finished thread": "import threading; t = threading.Thread(target=print); t.start(); t.join()",
    "a finished process": "import os; os.fork() or os._exit(0); os.wait()",
    "an exception": "raise ValueError",
}
LASTING = {
    "a function of torch": "torch.allclose = torch.equal",
    "a method": "torch.Tensor.sum = torch.Tensor.mean",
    "a builtin": "import builtins; builtins.print = max",
    "a function of json": "import json; json.dumps = str",
    "a handler": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "a thread": "import threading, time; threading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
    "a process": "import os, time; os.fork() or time.sleep(100)",
    "a stream": "import sys; sys.stdout = None",
    "a closed stream": "import sys; sys.stderr.close()",
    "a descriptor": "import os; os.close(1)",
    "a recursion limit": "import sys; sys.setrecursionlimit(2000)",
    "a trace": "import sys; sys.settrace(lambda *_: None)",
}


@pytest.fixture(scope="module")
def spawned():
    with sandbox.start("spawn") as started:
        yield started


def test_the_start_of_an_interpreter_does_not_count_as_the_students_time():
    with sandbox.start("spawn") as workers, load(workers, job(), seconds=0.3) as worker:
        assert worker.loaded.problem is None


@pytest.mark.parametrize("what", ORDINARY)
def test_a_spawned_worker_is_kept_after_an_ordinary_job(spawned: Workers, what: str):
    before = pid_of(spawned)
    with load(spawned, job(f"import torch\n{ORDINARY[what]}\n")):
        pass
    source = "import os, torch\ndef double(x):\n    return str(torch.get_default_dtype()), os.getcwd()\n"
    assert pid_of(spawned) == before
    with load(spawned, job(source)) as worker:
        assert ask(worker, X) == ("torch.float32", os.getcwd())


def test_what_was_off_limits_to_one_job_is_not_to_the_next(spawned: Workers):
    with load(spawned, job(off_limits=("torch.sin", "torch.Tensor.backward", "xorfunc.transforms.hvp"))) as worker:
        before = ask(worker, X, law="where")
    source = (
        "import torch, xorfunc.transforms\n"
        "def double(x):\n"
        "    return torch.sin(x), xorfunc.transforms.hvp.__code__.co_name\n"
    )
    with load(spawned, job(source)) as worker:
        assert identical(ask(worker, X), (Array(X.data.sin()), "hvp"))
        assert ask(worker, X, law="where") == before


@pytest.mark.parametrize("what", LASTING)
def test_a_spawned_worker_is_given_up_after_a_job_that_lasts(spawned: Workers, what: str):
    before = pid_of(spawned)
    with load(spawned, job(f"import torch\n{LASTING[what]}\n")):
        pass
    assert pid_of(spawned) != before
    assert not alive(before)


# The judge itself

JUDGE = """
import os, sys, time, threading
method = sys.argv[1]
if method == "fork":
    import torch
from checker import sandbox
workers = sandbox.start(method)
import torch
from checker.observation import Array
from tests.checker.jobs import ask, job, load

children = lambda: [int(pid) for pid in open(f"/proc/self/task/{os.getpid()}/children").read().split()]
source = "import os, time\\nif CHILD and os.fork() == 0:\\n    time.sleep(100)\\ndef double(x):\\n    time.sleep(x)\\n"
worker = load(workers, job(source.replace("CHILD", str(method == "fork"))))
pid = ask(worker, 0, law="where")
family = children() + [pid] + [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
print(*family, flush=True)
"""


def judge(method: str, then: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a judge of its own, whose worker has loaded a file; give it and the pids of all its processes."""
    process = subprocess.Popen(
        [sys.executable, "-c", JUDGE + then, method],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    family = [int(pid) for pid in process.stdout.readline().split()]
    assert family
    assert all(alive(pid) for pid in family)
    return process, family


@METHODS
def test_when_the_judge_is_killed_nothing_is_left(method: str):
    process, family = judge(method, "ask(worker, 100, seconds=100)")
    process.kill()
    process.communicate()
    assert soon(lambda: not any(alive(pid) for pid in family))


@METHODS
def test_when_the_judge_ends_without_closing_nothing_is_left(method: str):
    process, family = judge(method, "")
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert soon(lambda: not any(alive(pid) for pid in family))


@METHODS
def test_ctrl_c_reaches_the_judge_alone(method: str):
    then = """
try:
    with workers, worker:
        print("asking", flush=True)
        ask(worker, 100, seconds=100)
except KeyboardInterrupt:
    print("interrupted")
"""
    process, family = judge(method, then)
    assert process.stdout is not None
    assert process.stdout.readline() == "asking\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "interrupted\n", "")
    assert soon(lambda: not any(alive(pid) for pid in family))


def test_what_the_judge_has_yet_to_print_is_printed_once():
    code = """
import sys, torch
from checker import sandbox
from tests.checker.jobs import job, load
sys.stdout.write("judge")
with sandbox.start("fork") as workers, load(workers, job("print('student')")) as worker:
    sys.stdout.write(f" {worker.printed!r}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout == "judge 'student\\n'"


def test_a_forked_worker_holds_nothing_that_the_judge_imports_later():
    then = """
import hypothesis, checker.judge
source = "import sys\\ndef double(x):\\n    return list(sys.modules)\\n"
with workers, load(workers, job(source)) as other:
    print(*ask(other, 0))
"""
    process, _ = judge("fork", then)
    out, _ = process.communicate(timeout=20)
    held = out.split()
    assert "checker.worker" in held
    assert not {"hypothesis", "checker.judge", "checker.answer_key", "checker.diagnose", "checker.draw"} & set(held)


def test_starting_spawned_workers_imports_no_torch():
    code = "import sys; from checker import sandbox\nwith sandbox.start('spawn'): assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (0, "")


# How a way is chosen


def test_the_environment_chooses_how_workers_are_made(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(sandbox.VARIABLE, raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert sandbox.default_method() == "spawn"
    monkeypatch.setattr(sys, "platform", "linux")
    assert sandbox.default_method() == "fork"
    monkeypatch.setenv(sandbox.VARIABLE, "spawn")
    assert sandbox.default_method() == "spawn"
    monkeypatch.setenv(sandbox.VARIABLE, "thread")
    with pytest.raises(ValueError, match=r"XOR_CHECK_WORKER is 'thread': it must be"):
        sandbox.start()


def test_nothing_is_forked_where_that_is_unsafe(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ValueError, match="'darwin'"):
        sandbox.start("fork")


@pytest.mark.parametrize(
    ("code", "killed", "meaning"),
    [
        (0, False, "ended the whole Python process, as os._exit(0) does"),
        (-signal.SIGKILL, False, "was killed: out of memory, most likely"),
        (-signal.SIGABRT, False, "was aborted by a library"),
        (-signal.SIGALRM, False, "was ended by the signal SIGALRM"),
        (-60, False, "was ended by the signal number 60"),
        (0xC0000005, False, "crashed with a segmentation fault"),
        (-signal.SIGKILL, True, "closed the connection to the checker"),
    ],
)
def test_every_end_has_a_meaning(code: int, killed: bool, meaning: str):
    assert Ending(code, killed).meaning == meaning


def test_what_is_preloaded_is_there_in_every_worker_and_what_cannot_be_is_left_out():
    checks = CHECKS.replace("return os.getpid()", "import sys; return 'sched' in sys.modules")
    for preload, there in ((["sched", "no_such_module"], True), ((), False)):
        with sandbox.start("fork", preload=preload) as started, load(started, job(checks=checks)) as worker:
            assert ask(worker, X, law="where") is there
