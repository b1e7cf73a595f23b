"""What a worker may use, and what ties its life to the judge's.

Resource limits are the first fence: an allocation that is too large fails inside the student's code, which then sees
an ordinary error. The judge looks at the resident memory as well, since shared mappings count towards no limit.
Systems that lack one of these go without it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

MAX_RESIDENT = 6 * 2**30
MORE_DATA = 4 * 2**30
MAX_FILE = 64 * 2**20
MAX_OPEN_FILES = 256
MAX_CPU_SECONDS = 900
"""A last resort, where the judge itself was stopped: the judge's own deadline is far shorter."""

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36


def restrict(*, data: bool = True) -> None:
    """Apply the resource limits to this process.

    Args:
        data: whether to limit its memory, too; a CUDA context reserves address space far beyond any limit.
    """
    if sys.platform == "win32":
        return
    import resource  # there is none on Windows

    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: MAX_FILE,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
        resource.RLIMIT_CPU: MAX_CPU_SECONDS,
    }
    if data:
        limits[resource.RLIMIT_DATA] = status("self", "VmData") + MORE_DATA
    for kind, wanted in limits.items():
        _, most = resource.getrlimit(kind)
        limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (limit, limit))


def resident(pid: int) -> int:
    """Give the bytes of memory that a process occupies; 0 where the system does not tell."""
    return status(str(pid), "VmRSS")


def status(process: str, field: str) -> int:
    """Give the bytes that a field of `/proc/PID/status` says; 0 where there is none.

    Args:
        process: its number, or "self".
        field: as "VmRSS".
    """
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith(f"{field}:")), 0)
    except OSError:
        return 0


def die_first() -> None:
    """Be the first to be killed when the machine runs out of memory, and all that this process starts as well."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def die_with_parent() -> None:
    """Have the system kill this process when the thread that made it ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def hide() -> None:
    """Let no other process of this user look into this one's memory or environment, or trace it; no core dumps."""
    _prctl(PR_SET_DUMPABLE, 0)


def children() -> list[int]:
    """Give the processes whose parent is the main thread of this one; none where the system does not tell."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
