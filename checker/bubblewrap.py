"""A room of its own for the zygote and all workers: bubblewrap, once, around a fresh interpreter.

Inside there are Python, the installed packages and this checker, to read; two small empty folders to write to; no
network, none of the processes outside, nothing of the environment, and for students' code no capability. What is not
bound is not there: neither solutions nor submissions nor results. What the zygote does for order within is told in
`room`.

bubblewrap (https://github.com/containers/bubblewrap) is for Linux, and needs user namespaces or root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PROGRAM = "bwrap"
MAX_SCRATCH = 64 * 2**20
"""Bytes of each folder that can be written to."""
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
OF_AN_ENVIRONMENT = ("bin", "lib", "lib64", "include", "pyvenv.cfg")
"""What of a virtual environment is Python's: a project may lie around it."""
USERS = 2_000_000_000
"""Workers' users have numbers from here on, where no system has any; one a room."""


@cache
def missing() -> str | None:
    """Say why there can be no room here, and what to do; None where there can. It is tried, not guessed."""
    if sys.platform != "linux":
        return f"bubblewrap is for Linux, and this is {sys.platform}: grade in a Linux container or virtual machine"
    if shutil.which(PROGRAM) is None:
        return "bubblewrap is not installed: apt install bubblewrap, or the like"
    tried = _tried(_walls())
    if tried.returncode == 0:
        return None
    said = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"bubblewrap does not work here ({said}): allow user namespaces, or run it as root"


def command(program: Sequence[str], *, hidden: Sequence[str] = ()) -> list[str]:
    """Give the command that runs a program in a room.

    Args:
        program: what to run, and its arguments.
        hidden: folders that must not be seen, even if they lie in one that is needed.
    """
    packages = [str(Path(__file__).resolve().parents[1] / name) for name in PACKAGES]
    folders = list(dict.fromkeys([*SYSTEM, *_pythons(), *packages]))
    folders = [folder for folder in folders if os.path.exists(folder)]
    scratch = "/scratch" if any(Path(folder).is_relative_to("/tmp") for folder in folders) else "/tmp"
    covered = [path for path in (*_answers(packages), *map(os.path.realpath, hidden)) if _can_be_covered(path, folders)]
    return [
        PROGRAM,
        *_walls(),
        *(part for folder in _around(folders) for part in ("--perms", "0755", "--dir", folder)),
        *(part for folder in folders for part in _bound(folder)),
        *(part for path in covered for part in ("--size", "4096", "--tmpfs", path, "--remount-ro", path)),
        *("--proc", "/proc", "--dev", "/dev", *_scratch("/dev/shm"), "--remount-ro", "/dev"),
        *(*_scratch(scratch), "--chdir", scratch, "--remount-ro", "/"),
        "--clearenv",
        *(part for name, value in _environment(scratch).items() for part in ("--setenv", name, value)),
        "--",
        *program,
    ]


def user() -> int:
    """Give a user for the workers of a room that is made now; 0 where only root could, and we are not."""
    return USERS + os.getpid() if os.geteuid() == 0 else 0


def _walls() -> tuple[str, ...]:
    """Give the options that keep a room apart from the rest.

    Root needs no namespace of users. Its zygote keeps three capabilities to change to the workers' user and to end
    them; the workers have none.
    """
    apart = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    common = ("--die-with-parent", "--new-session", "--hostname", "room", "--cap-drop", "ALL")
    if os.geteuid() == 0:
        kept = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL")
        return (*apart, *common, *(part for name in kept for part in ("--cap-add", name)))
    return ("--unshare-user", *apart, *common)


def _tried(walls: Sequence[str]) -> subprocess.CompletedProcess[str]:
    system = [part for folder in SYSTEM if os.path.exists(folder) for part in _bound(folder)]
    program = [PROGRAM, *walls, *system, "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/env", "true"]
    return subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _environment(scratch: str) -> dict[str, str]:
    return {
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
        **dict.fromkeys(("HOME", "TMPDIR"), scratch),
        **dict.fromkeys(("USER", "LOGNAME"), "student"),
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(os.path.abspath(entry) for entry in sys.path if entry)),
    }


def _pythons() -> list[str]:
    """Give what holds Python and the installed packages."""
    environment = Path(sys.prefix)
    if not (environment / "pyvenv.cfg").exists():
        return [sys.prefix]
    return [*(str(environment / name) for name in OF_AN_ENVIRONMENT), sys.base_prefix]


def _bound(folder: str) -> list[str]:
    """Bind a folder to read; a link stays one, as /bin is on many systems."""
    if os.path.islink(folder):
        return ["--symlink", os.readlink(folder), folder]
    return ["--ro-bind", folder, folder]


def _around(folders: Sequence[str]) -> list[str]:
    """Give the folders around these: those that bubblewrap makes by itself are for the zygote's user alone."""
    return sorted({str(around) for folder in folders for around in Path(folder).parents} - {"/"})


def _scratch(folder: str) -> tuple[str, ...]:
    return ("--perms", "1777", "--size", str(MAX_SCRATCH), "--tmpfs", folder)


def _answers(packages: Sequence[str]) -> list[str]:
    return [str(folder) for package in packages if (folder := Path(package) / ANSWERS).is_dir()]


def _can_be_covered(path: str, bound: Sequence[str]) -> bool:
    """Whether a folder can be seen from the room, and nothing in it is needed."""
    seen = any(Path(path).is_relative_to(os.path.realpath(folder)) for folder in bound)
    return seen and os.path.isdir(path) and not any(Path(folder).is_relative_to(path) for folder in bound)
