"""How a process of ours becomes a worker: its files, its session, its limits.

The channel to the judge moves to high numbers, where an accidental `os.close(3)` does not reach it; standard output
and error become the pipe of prints, standard input gives nothing. Run as a program, this module turns a fresh
interpreter into a worker. It does so before it imports torch, so that nothing printed meanwhile enters the channel.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import NamedTuple

from checker import limits

HIGH = 200  # below limits.MAX_OPEN_FILES


class Files(NamedTuple):
    """The file descriptors of a worker, all its own."""

    requests: int
    answers: int
    prints: int


def isolate(files: Files) -> Files:
    """Make this process a worker's: give the files under their new numbers."""
    files = Files(*map(_high, files))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(files.prints, 1)
    os.dup2(files.prints, 2)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (open for good)
    sys.stdout = sys.__stdout__ = _printer(1)
    sys.stderr = sys.__stderr__ = _printer(2)
    if sys.platform != "win32":
        limits.die_with_parent()
        _reset_signals()
    return files


def _printer(file: int) -> io.TextIOWrapper:
    """Give a stream that hands over each line, so that what a crash or a hang printed is not lost."""
    return open(file, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def _high(file: int) -> int:
    if sys.platform == "win32":
        return os.dup(file)
    import fcntl  # there is none on Windows

    return fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, HIGH)


def _reset_signals() -> None:
    """Forget the handlers that a fork has inherited."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main() -> None:
    """Serve on what were standard input and output, and print to what was standard error."""
    files = isolate(Files(0, 1, 2))
    from checker import worker  # imports torch

    worker.serve(files, reusable=True)


if __name__ == "__main__":
    main()
