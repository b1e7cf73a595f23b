"""The room from within: what the zygote in it does for order between one worker and the next.

One worker is at work at a time. It is of a user of its own where the zygote may say so, may start a few processes, and
is refused what it never needs. All processes of the room together have a limit of memory, looked at again and again,
since limits of the system are for each alone. When the worker ends, everything in the room is killed and everything
that was written is removed; where that fails, the room is given up, and the judge makes another one.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress

from checker import limits, syscalls

MAX_PROCESSES = 64
"""Threads count, too."""
MAX_MEMORY = 3 * 2**30
WRITABLE = (os.environ.get("TMPDIR", "/tmp"), "/dev/shm")


class Room:
    """A place of its own for processes, and only the zygote knows the way out."""

    def __init__(self, user: int) -> None:
        """Get to know the room.

        Args:
            user: whose the workers are; 0 where they must be of the zygote's user.
        """
        self._user = user
        self._own = _memory(os.getpid())
        self._bounded = self._in_a_child(_can_fork)

    def confine(self) -> None:
        """Make this process one for a student's code."""
        self._change_user()
        if self._bounded:
            resource.setrlimit(resource.RLIMIT_NPROC, (MAX_PROCESSES, MAX_PROCESSES))
        syscalls.refuse()

    def is_overfull(self) -> bool:
        """Whether the workers and all that they have started hold more memory than they may."""
        others = (int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) not in (1, os.getpid()))
        return sum(max(0, _memory(pid) - self._own) for pid in others) > MAX_MEMORY

    def empty(self) -> None:
        """Kill all other processes."""
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all at once: none gets to make another one in between

    def tidy(self) -> bool:
        """Remove all that was written, and say whether nothing is left."""
        if any(map(os.listdir, WRITABLE)):
            self._in_a_child(_remove_everything)
        return not any(map(os.listdir, WRITABLE))

    def _change_user(self) -> None:
        if self._user:
            os.setgroups([])
            os.setresgid(self._user, self._user, self._user)
            os.setresuid(self._user, self._user, self._user)

    def _in_a_child(self, task: Callable[[], bool]) -> bool:
        """Have a process of the workers' user do something, and say whether it went well."""
        child = os.fork()
        if child == 0:
            well = False
            try:
                self._change_user()
                well = task()
            finally:
                os._exit(0 if well else 1)
        _, status = os.waitpid(child, 0)
        return status == 0


def _can_fork() -> bool:
    """Whether a limit on processes counts those of the room, and not all of this user, as old kernels do."""
    resource.setrlimit(resource.RLIMIT_NPROC, (MAX_PROCESSES, MAX_PROCESSES))
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _remove_everything() -> bool:
    for folder in WRITABLE:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)
    return True


def _memory(pid: int) -> int:
    return limits.status(str(pid), "RssAnon") + limits.status(str(pid), "RssShmem")
