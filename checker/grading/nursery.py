"""Where judges come from: forked from a process that has imported torch, or fresh interpreters; the same either way.

    with nursery.start() as judges:
        judge = judges.judge(setting)

The nursery is a zygote whose children are judges: with it torch is imported once for all of them, a judge that has died
is replaced in milliseconds, and they share its memory. It reads no solution, runs no student's code, and dies with the
run. Where forking is unsafe or absent, each judge is a fresh interpreter.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NoReturn, Protocol, Self

from checker import limits, sandbox, zygote
from checker.ending import Ending, ForkedProcess, Process
from checker.grading import judge
from checker.grading.judge import Judge, Setting
from checker.zygote import FreshZygote

PRELOADED = ("checker.exam", "checker.grading.unit")
"""What every judge needs, and holds no answer."""


class Judges(Protocol):
    """A source of judges, closed at the end of a `with` block."""

    def judge(self, setting: Setting) -> Judge:
        """Give a new judge; raises `OSError` where the system makes no more processes."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def fresh(setting: Setting) -> Judge:
    """Give a judge that is a fresh interpreter; it dies with the thread that calls this."""
    return _connected(_FreshProcess, setting)


def start() -> Judges:
    """Start a source of judges, in the way that suits this system; they die with the thread that calls this."""
    return _Forked() if sandbox.default_method() == "fork" else _Fresh()


class _Fresh:
    """A fresh interpreter for each."""

    def judge(self, setting: Setting) -> Judge:
        return fresh(setting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class _Forked:
    """A fork of the nursery for each; of another nursery, where the first one is gone."""

    def __init__(self) -> None:
        self._nursery = self._made()

    @staticmethod
    def _made() -> FreshZygote:
        return FreshZygote(lambda orders: _command("nursery", str(orders)), _environment())

    def judge(self, setting: Setting) -> Judge:
        try:
            return _connected(self._fork, setting)
        except ConnectionError:  # it was killed
            self._nursery.close()
            self._nursery = self._made()
            return _connected(self._fork, setting)

    def _fork(self, orders: int, answers: int) -> ForkedProcess:
        pid = self._nursery.fork(orders, answers)
        return ForkedProcess(pid, partial(self._nursery.end, pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._nursery.close()


class _FreshProcess:
    def __init__(self, orders: int, answers: int) -> None:
        self._popen = subprocess.Popen(
            _command("judge"),
            stdin=orders,
            stdout=answers,
            env=_environment(),
            start_new_session=True,  # away from the terminal: Ctrl-C is for the run
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )
        self.pid = self._popen.pid

    def end(self, patience: float = 0.0) -> Ending:
        killed = False
        try:
            code = self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            killed = True
            self._popen.kill()
            code = self._popen.wait()
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return Ending(code, killed)


def _connected(begin: Callable[[int, int], Process], setting: Setting) -> Judge:
    """Give a judge at the other end of two pipes, begun with its ends of them."""
    (its_orders, orders), (answers, its_answers) = os.pipe(), os.pipe()
    try:
        process = begin(its_orders, its_answers)
    except BaseException:
        os.close(orders)
        os.close(answers)
        raise
    finally:
        os.close(its_orders)
        os.close(its_answers)
    return Judge(process, orders, answers, setting)


def _command(what: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "checker.grading.nursery", what, *arguments]


def _environment() -> Mapping[str, str]:
    """Give a judge's variables: one thread, and the same hashes always, so that the words of a verdict are the same."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return {**os.environ, **threads, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}


# The side of the new process


def main() -> NoReturn:
    """Be a nursery, that serves on the socket of this number, or a judge on what were standard input and output."""
    what, *arguments = sys.argv[1:]
    parent = os.getppid()
    limits.die_with_parent()
    limits.hide()
    if os.getppid() != parent:  # it ended before this process asked to end with it
        os._exit(1)
    if what == "nursery":
        gc.disable()  # it would find nothing in what an import makes, and look again and again
        zygote.live(socket.socket(fileno=int(arguments[0])), PRELOADED, judge.serve)
    orders, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    judge.serve(orders, answers)


if __name__ == "__main__":
    main()
