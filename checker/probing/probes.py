"""The probes themselves: attempts are made through the same workers that run students' code, and looked at from here.

Nothing is concluded from what a system says it has. A probe is stopped when the attempt did not succeed while what it
was after lay ready: a server that answers, a file that can be read, a process that can be seen.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checker import limits
from checker.job import Job, Lost
from checker.probing import attempts

if TYPE_CHECKING:
    from checker.sandbox import Workers

TOKEN = secrets.token_hex(16)
"""What attempts look for in places where they should not get."""
VARIABLE = "XOR_CHECK_PROBE"
"""Holds the token in the environment in which workers are started."""
PATIENCE = 20.0
"""Seconds for one attempt."""
HANG = 0.5
PROCESSES = 400
DISK = 2**30

CHECKS = """
from checker.spec import check, integer

check("attempt", name=integer(0, 1), place=integer(0, 1))
"""


@dataclass(frozen=True)
class Probe:
    """One thing that students' code could try."""

    attempt: str
    danger: str
    """What it could do where this is open: "read the solutions"."""
    layer: str
    """What stops it."""


PROBES = (
    Probe("read_answers", "read the solutions", "bubblewrap"),
    Probe("read_results", "read your files, the results and what others handed in", "bubblewrap"),
    Probe("write_outside", "change your files and the results", "bubblewrap"),
    Probe("change_program", "change the checker or Python itself", "bubblewrap"),
    Probe("connect", "use the network", "bubblewrap"),
    Probe("read_environment", "read your environment, with the passwords that are in it", "bubblewrap"),
    Probe("see_processes", "see other processes, and what they were called with", "bubblewrap"),
    Probe("gain_rights", "act with an administrator's rights, or get them in a place of its own", "bubblewrap"),
    Probe("look_into_parent", "change the process from which the workers of others are made", "bubblewrap"),
    Probe("leave_behind", "leave files behind for whoever comes next", "bubblewrap"),
    Probe("fill_disk", "fill the disk", "bubblewrap"),
    Probe("make_processes", "make processes without end", "limits"),
    Probe("take_memory", "take all the memory", "limits"),
    Probe("keep_running", "keep a processor busy for ever", "deadline"),
)


@dataclass(frozen=True)
class Finding:
    """What came of one probe."""

    danger: str
    layer: str
    stopped: bool
    detail: str
    """What the attempt achieved; empty where it was stopped."""


def run(workers: Workers, answers: Path) -> list[Finding]:
    """Make every attempt, and say what is stopped and what is open.

    Args:
        workers: what runs students' code.
        answers: a file with a solution.
    """
    with _prepared(answers) as (place, written):
        found: list[Finding] = []
        for probe in PROBES:
            detail = _tried(workers, probe.attempt, place)
            if probe.attempt == "leave_behind":
                detail = _tried(workers, "find_left_behind", place)
            if probe.attempt == "write_outside" and not written():
                detail = ""  # it wrote something, somewhere else
            found.append(Finding(probe.danger, probe.layer, not detail, detail))
        return found


def open_to(findings: Sequence[Finding]) -> list[Finding]:
    """Give what is not stopped."""
    return [finding for finding in findings if not finding.stopped]


@contextmanager
def _prepared(answers: Path) -> Generator[tuple[dict[str, str], Callable[[], bool]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xor-check-")))
        kept, target = folder / "kept", folder / "target"
        kept.write_text(TOKEN, encoding="utf-8")
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=_answer, args=(server,), daemon=True).start()
        waiting = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()", TOKEN]
        other = subprocess.Popen(waiting, stdin=subprocess.PIPE)
        stack.callback(_end, other)
        place = {
            "token": TOKEN,
            "answers": str(answers),
            "kept": str(kept),
            "target": str(target),
            "checker": str(Path(limits.__file__).parent),
            "port": str(server.getsockname()[1]),
            "processes": str(PROCESSES),
            "memory": str(limits.MORE_DATA + 2**30),
            "disk": str(DISK),
        }
        yield place, target.exists


def _answer(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.send(b"reached")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()


def _tried(workers: Workers, attempt: str, place: dict[str, str]) -> str:
    """Have one attempt made; give what it achieved, or nothing."""
    source = Path(attempts.__file__).read_text(encoding="utf-8")
    job = Job(source, "attempts.py", None, CHECKS, "attempt", (), "cpu")
    began = time.monotonic()
    try:
        with workers.worker(job, deadline=began + PATIENCE) as worker:
            patience = HANG if attempt == "keep_running" else PATIENCE
            achieved = worker.ask("agrees", (attempt, place), deadline=time.monotonic() + patience)
    except Lost:
        return ""
    return achieved if isinstance(achieved, str) else ""
