"""How a process ended: a worker's, in a student's words, or a judge's."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

FAILED = 70
"""The exit code of a worker that failed by itself, not by the student's code."""
OUT_OF_MEMORY = 71
"""The exit code of a worker that has too little memory left to answer."""

SIGNALS = {
    "SIGSEGV": "crashed with a segmentation fault",
    "SIGBUS": "crashed with a bus error",
    "SIGFPE": "crashed with an arithmetic error of the processor",
    "SIGILL": "crashed with an illegal instruction",
    "SIGABRT": "was aborted by a library",
    "SIGKILL": "was killed: out of memory, most likely",
}
ACCESS_VIOLATION = 0xC0000005  # how Windows says segmentation fault


@dataclass(frozen=True)
class Ending:
    """A process's end: its exit code, or the negative number of the signal, and whether we killed it."""

    code: int
    killed: bool

    @property
    def meaning(self) -> str:
        """What happened, to be read after "the code".

        >>> Ending(3, killed=False).meaning
        'ended the whole Python process, as os._exit(3) does'
        """
        if self.killed:
            return "closed the connection to the checker"
        if self.code == OUT_OF_MEMORY:
            return "used up the memory that it may use"
        if self.code == FAILED:
            return "made the checker's own part of its process fail"
        if self.code == ACCESS_VIOLATION:
            return SIGNALS["SIGSEGV"]
        if self.code >= 0:
            return f"ended the whole Python process, as os._exit({self.code}) does"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"number {-self.code}"
        return SIGNALS.get(name, f"was ended by the signal {name}")


class Process(Protocol):
    """A process, as the one who made it can end it."""

    pid: int

    def end(self, patience: float = 0.0) -> Ending:
        """Give it so many seconds to end by itself, kill it with all its children, and say how it ended."""
        ...


class ForkedProcess:
    """One that its zygote ends."""

    def __init__(self, pid: int, end: Callable[[float], Ending]) -> None:
        self.pid = pid
        self._end = end

    def end(self, patience: float = 0.0) -> Ending:
        """Do as `Process` says."""
        return self._end(patience)
