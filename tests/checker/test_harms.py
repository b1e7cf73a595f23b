"""Each harm gets a verdict of its own, and does none: the next job works, and nothing is left running."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

import pytest
import torch

from checker import limits, sandbox
from checker.observation import Array, Other, Raised, Tree, identical
from checker.sandbox import Lost, Workers
from tests.checker.jobs import CHECKS, ask, harm, job, load, workers

__all__ = ["workers"]

X = Array(torch.tensor([1.0, -2.5]))
DOUBLED = Array(torch.tensor([2.0, -5.0]))
SECONDS = 5.0
"""How long a harm may take that ends by itself; some fill memory, on a machine that may be busy."""
PATIENCE = 1.0
"""How long one may take that does not."""
GRACE = 6.0
"""How long its end may take, and with the spawned kind a new interpreter."""


@dataclass(frozen=True)
class Answers:
    """The harm does not keep the function from its answer."""

    tree: Tree
    printed: str = ".*"


@dataclass(frozen=True)
class Raises:
    """The call, or the import, ends in an exception."""

    type: str
    message: str = ""
    printed: str = ".*"


@dataclass(frozen=True)
class Loses:
    """The worker is gone."""

    status: str
    message: str
    printed: str = ".*"


def _nested(innermost: Tree, levels: int) -> Tree:
    return [_nested(innermost, levels - 1)] if levels else innermost


def _cycle(levels: int) -> Tree:
    return [X, _cycle(levels - 1)] if levels else [DEEP, DEEP]


TIMEOUT = "did not finish in time"
DEEP = Other("something nested more than 32 levels deep")
OS_EXIT = r"ended the whole Python process, as os\._exit\(3\) does"
EXPECTED = {
    "changed_defaults": Answers(DOUBLED),
    "children_left_behind": Answers(DOUBLED),
    "closed_descriptors": Answers(DOUBLED),
    "closed_everything": Loses("crashed", "closed the connection to the checker"),
    "closed_streams": Answers(DOUBLED),
    "cyclic_result": Answers(_cycle(32)),
    "deep_result": Answers(_nested(DEEP, 33)),
    "endless_recursion": Raises("RecursionError", "maximum recursion depth exceeded.*"),
    "escaped_tensor": Answers(Other("a tensor that cannot be read outside grad or vmap")),
    "flood_of_prints": Answers(DOUBLED, r"x{3980,4000}\n\[\.\.\. and 99,997,\d{3} more characters\]"),
    "hang_asleep": Loses("timeout", TIMEOUT),
    "hang_in_a_loop": Loses("timeout", TIMEOUT, "still here\n"),
    "hang_on_import": Loses("timeout", TIMEOUT, "importing\n"),
    "huge_int": Answers(Other("too large or too strange to look at")),
    "huge_result": Answers(Other("too large or too strange to look at")),
    "keyboard_interrupt": Raises("KeyboardInterrupt"),
    "main_part": Answers(DOUBLED),
    "memory_by_list": Raises("MemoryError"),
    "memory_by_tensor": Raises("RuntimeError", ".*can't allocate memory.*"),
    "memory_shared": Loses("crashed", r"used more than 0\.5 GiB of memory"),
    "os_exit": Loses("crashed", OS_EXIT, "last words\n"),
    "os_exit_on_import": Loses("crashed", OS_EXIT),
    "patched_functions": Answers(DOUBLED),
    "reads_input": Raises("EOFError", "EOF when reading a line", r"How many times\? "),
    "rubbish_on_every_descriptor": Loses("crashed", "wrote to the checker's own channel"),
    "segmentation_fault": Loses("crashed", "crashed with a segmentation fault"),
    "signals_ignored": Loses("timeout", TIMEOUT),
    "sys_exit": Raises("SystemExit", "enough"),
    "sys_exit_on_import": Raises("SystemExit", "4"),
    "tensor_subclass": Answers(DOUBLED),
    "threads_left_running": Answers(DOUBLED),
    "twin_returns_too": Answers(DOUBLED),
    "unprintable_error": Raises("ShyError"),
    "unprintable_result": Answers(Other("an object of type Shy")),
}


def test_every_harm_has_its_outcome():
    files = {path.stem for path in (Path(__file__).parent / "harms").glob("*.py")} - {"conftest"}
    assert files == EXPECTED.keys() | {"daemon_left_behind"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_harm_is_told_and_does_no_harm(workers: Workers, name: str, monkeypatch: pytest.MonkeyPatch):
    if name == "memory_shared":  # the real limit would take this test seconds and gigabytes
        monkeypatch.setattr(limits, "MAX_RESIDENT", 2**29)
    started = monotonic()
    session, outcome = _outcome(workers, name)
    with load(workers, job()) as next_worker:
        assert identical(ask(next_worker, X), DOUBLED)
        survivor = ask(next_worker, X, law="where")
    assert monotonic() - started < SECONDS + GRACE
    expected = EXPECTED[name]
    assert re.fullmatch(expected.printed, outcome.printed, re.DOTALL)
    if isinstance(expected, Answers):
        assert isinstance(outcome, Answers)
        assert identical(outcome.tree, expected.tree)
    else:
        assert type(outcome) is type(expected)
        assert re.fullmatch(expected.message, outcome.message, re.DOTALL)
        assert replace(outcome, message="", printed="") == replace(expected, message="", printed="")
    assert _left_over(session) <= {survivor}


def test_nobody_hears_the_twin_of_a_worker(workers: Workers):
    with load(workers, harm("twin_returns_too")) as worker:
        for _ in range(5):
            assert identical(ask(worker, X), DOUBLED)


def test_a_daemon_is_ended_where_workers_are_forked():
    with sandbox.start("fork") as workers:
        with load(workers, harm("daemon_left_behind")) as worker:
            assert identical(ask(worker, X), DOUBLED)
            daemon = int(worker.printed.split()[1])
            assert Path(f"/proc/{daemon}").exists()
        assert not Path(f"/proc/{daemon}").exists()


def _outcome(workers: Workers, name: str) -> tuple[int, Answers | Raises | Loses]:
    """Give the session of the worker that met a harm, and what came of it."""
    told = replace(harm(name), checks=CHECKS + '\nprint("session", os.getsid(0))\n')
    endless = isinstance(expected := EXPECTED[name], Loses) and expected.status == "timeout"
    seconds = PATIENCE if endless else SECONDS
    try:
        with load(workers, told, seconds) as worker:
            seen = worker.loaded.problem or ask(worker, X, seconds=seconds)
        session, printed = _split(worker.printed)
        if isinstance(seen, Raised):
            return session, Raises(seen.type, seen.message, printed)
        return session, Answers(seen, printed)
    except Lost as lost:
        session, printed = _split(lost.printed)
        return session, Loses(lost.status, lost.message, printed)


def _split(printed: str) -> tuple[int, str]:
    first, _, rest = printed.partition("\n")
    return int(first.removeprefix("session ")), rest


def _left_over(session: int) -> set[int]:
    """Give the living processes of a session."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = stat.read_text().rpartition(") ")
        except OSError:  # it has just ended
            continue
        state, _, _, of_session, *_ = fields.split()
        if int(of_session) == session and state != "Z":
            found.add(int(stat.parent.name))
    return found
