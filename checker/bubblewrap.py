"""A room of its own for the zygote and all workers: bubblewrap, once, around a fresh interpreter.

Inside there are Python, the installed packages and this checker, to read; a small empty /tmp; no network, none of the
processes outside, nothing of the environment, and no capability. What is not bound is not there: neither solutions nor
submissions nor results. Outside, the judge sees the same processes under other numbers (`outside`).

bubblewrap (https://github.com/containers/bubblewrap) is for Linux, and needs user namespaces or root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

PROGRAM = "bwrap"
MAX_SCRATCH = 64 * 2**20
"""Bytes of /tmp."""
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/alternatives",
)
PACKAGES = ("checker", "xorfunc")
ANSWERS = "course_files"
"""The folder in the installed checker that holds solutions."""


@cache
def missing() -> str | None:
    """Say why there can be no room here, and what to do; None where there can. It is tried, not guessed."""
    if sys.platform != "linux":
        return f"bubblewrap is for Linux, and this is {sys.platform}: grade in a Linux container or virtual machine"
    if shutil.which(PROGRAM) is None:
        return "bubblewrap is not installed: apt install bubblewrap, or the like"
    tried = subprocess.run(command(["/usr/bin/env", "true"]), capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return None
    said = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"bubblewrap does not work here ({said}): allow user namespaces, or run it as root"


def command(program: Sequence[str], *, info: int | None = None) -> list[str]:
    """Give the command that runs a program in a room.

    Args:
        program: what to run, and its arguments.
        info: a file descriptor to which bubblewrap writes what it has started.
    """
    packages = [str(Path(__file__).resolve().parents[1] / name) for name in PACKAGES]
    folders = dict.fromkeys([*SYSTEM, sys.prefix, sys.base_prefix, *packages])
    bound = [part for folder in folders if os.path.exists(folder) for part in _bound(folder)]
    hidden = [part for answers in _answers(packages) for part in ("--tmpfs", answers)]
    path = os.pathsep.join(dict.fromkeys(os.path.abspath(entry) for entry in sys.path if entry))
    environment = {
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": path,
    }
    return [
        PROGRAM,
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "room"),
        *bound,
        *hidden,
        *("--proc", "/proc", "--dev", "/dev", "--size", str(MAX_SCRATCH), "--tmpfs", "/tmp", "--chdir", "/tmp"),
        "--clearenv",
        *(part for name, value in environment.items() for part in ("--setenv", name, value)),
        *(() if info is None else ("--info-fd", str(info))),
        "--",
        *program,
    ]


def _bound(folder: str) -> list[str]:
    """Bind a folder to read; a link stays one, as /bin is on many systems."""
    if os.path.islink(folder):
        return ["--symlink", os.readlink(folder), folder]
    return ["--ro-bind", folder, folder]


def _answers(packages: Sequence[str]) -> list[str]:
    return [str(folder) for package in packages if (folder := Path(package) / ANSWERS).is_dir()]


def outside(inside: int, room: int) -> int:
    """Give the number that a process of a room has outside; 0 where it is gone.

    Args:
        inside: its number in the room.
        room: any process of the room, by its number outside.
    """
    with suppress(OSError):
        room_of = os.readlink(f"/proc/{room}/ns/pid")
        for entry in os.listdir("/proc"):
            if entry.isdecimal() and _number_inside(entry) == inside:
                with suppress(OSError):
                    if os.readlink(f"/proc/{entry}/ns/pid") == room_of:
                        return int(entry)
    return 0


def _number_inside(process: str) -> int:
    with suppress(OSError, ValueError), open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
        numbers = next((line.split()[1:] for line in status if line.startswith("NSpid:")), [])
        return int(numbers[-1]) if len(numbers) > 1 else 0
    return 0
