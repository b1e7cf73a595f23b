"""The worker: it runs a student's file, nothing else.

One request, one answer with the request's number, until the judge closes the channel. What a call raises is an answer
too. Only the process's end is none: the judge sees the channel close and asks the system what happened. The answers to
all questions are the student's alone: no solution is ever in this process.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from os import _exit, getpid, write  # taken now, as is everything below: a student's file may replace it
from types import ModuleType
from typing import Any

import torch

from checker import frames, global_state, limits, off_limits, own_lines, pristine, student_file, untouched
from checker.ending import FAILED, OUT_OF_MEMORY
from checker.job import Job, Loaded
from checker.law import Law
from checker.lean_torch import postpone_compiler
from checker.observation import Other, Raised, Tree, live, plain
from checker.process import Files
from checker.spec import collect
from checker.wire import MAX_COMMAS, WireError, decode, encode

CHECKS = "checks.py"
"""What the code of `checks.py` is compiled as."""
TAMPERED = Raised("Tampered", "the file has changed the checker's own code, so nothing that it does can be judged")


class Session:
    """One job: the student's module, and the trials to run on its functions."""

    def __init__(self, job: Job, *, reusable: bool) -> None:
        self._job = job
        self._before = pristine.Pristine() if reusable else None
        checks, self._functions = collect(job.checks, CHECKS)
        self._laws: dict[str, dict[str, Law]] = {
            name: {law.name: law for law in check.laws} for name, check in checks.items()
        }
        self._function = job.function
        undo = off_limits.forbid(job.off_limits, trusted=self._functions, closed=job.closed)
        self._undo: Callable[[], object] = undo if reusable else _nothing  # else nobody needs it, but who looks for it
        self._answer = ModuleType("nothing")
        self._signs = pristine.signs()
        self.is_untouched = untouched.watch(self._functions, self._laws)

    def load(self) -> Loaded:
        """Execute the student's file and say what is in it."""
        job = self._job
        sys.argv = [job.path]
        if job.folder is not None:
            sys.path.insert(0, job.folder)
        try:
            self._answer = student_file.execute(job.source, job.path)
            return student_file.describe(self._answer, job.source, job.function)
        except BaseException as error:
            return Loaded(self._raised(error))

    def turn(self, function: str) -> Loaded | None:
        """Go on to another function of the file, unless what was asked before has left something behind."""
        self._function = function
        try:
            return student_file.describe(self._answer, self._job.source, function) if self._is_as_before() else None
        except BaseException:  # to look at a function may run code of its file
            return None

    def _is_as_before(self) -> bool:
        return pristine.signs() == self._signs

    def ask(self, law: str, inputs: tuple[Tree, ...]) -> Tree:
        """Run a law's trial on the student's module; give what it saw, or what was raised."""
        trial = self._laws[self._function][law].trial
        values = live(inputs, self._functions, self._job.device)
        try:
            with global_state.settled():
                return plain(trial(self._answer, *values))
        except BaseException as error:
            return self._raised(error)

    def tidy(self) -> bool:
        """Undo the job, and say whether the process is as good as new."""
        self._undo()
        return self._before is not None and self._before.restore(self._job.folder, self._job.path)

    def _raised(self, error: BaseException) -> Raised:
        return own_lines.raised(error, self._job.path, self._job.source)


def _nothing() -> bool:
    return True


def warm_up() -> None:
    """Do once what is slow the first time, so that workers forked from this process need not."""
    torch.set_num_threads(1)
    postpone_compiler()
    with global_state.settled():
        decode(encode(plain(torch.zeros(1))))


def serve(files: Files, *, reusable: bool = False) -> None:
    """Answer requests until the judge closes the channel; never returns.

    Args:
        files: from `process.isolate`.
        reusable: whether the process may be given another job after this one.
    """
    try:
        if reusable:
            warm_up()  # a forked worker has it from its zygote
        warnings.simplefilter("ignore")
        sys.modules["__main__"] = ModuleType("__main__")  # what a student's own processes would import again
        _serve(files, reusable)
    except EOFError:
        _exit(0)
    except MemoryError:
        _exit(OUT_OF_MEMORY)
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc()
        _exit(FAILED)


def _serve(files: Files, reusable: bool) -> None:
    process = getpid()
    printers = sys.stdout, sys.stderr
    session: Session | None = None
    is_untouched = _nothing
    number = 0
    while True:
        kind, *content = decode(frames.receive(files.requests))
        number += 1
        answer: Any = None
        if kind == "load":
            job = Job(*content)
            if session is None:
                limits.restrict(data=job.device == "cpu")
            session = Session(job, reusable=reusable)
            is_untouched = session.is_untouched  # in a variable of this frame, which no other code can set
            answer = session.load().tree
        elif kind == "turn" and session is not None:
            loaded = session.turn(*content)
            answer = loaded and loaded.tree
        elif kind == "ask" and session is not None:
            answer = session.ask(*content)
            if not is_untouched():
                answer = TAMPERED
        elif kind == "tidy" and session is not None:
            answer = session.tidy()
        elif kind == "mark":
            write(files.prints, content[0].encode())
        if getpid() != process:
            _exit(0)  # a child that the student's code forked and let run on
        for printer in printers:
            with suppress(ValueError, OSError):  # closed by the student's code
                printer.flush()
        frames.send(files.answers, _frame(number, answer))


def _frame(number: int, answer: Tree) -> bytes:
    try:
        return encode((number, answer), max_commas=MAX_COMMAS)
    except WireError as error:
        return encode((number, Other("too large or too strange to look at", str(error))))
