"""Where workers come from: forked from a zygote, or fresh interpreters; the same workers either way.

    with sandbox.start() as workers:
        with workers.worker(job, deadline=time.monotonic() + 10) as worker:
            seen = worker.ask("agrees", inputs, deadline=time.monotonic() + 10)

Forking takes milliseconds and each job gets a process of its own. It needs a judge that holds one thread and has done
no work with torch yet, so `start` comes right after `import torch`. Where forking is unsafe (macOS) or absent
(Windows), a fresh interpreter is started; call `start` before `import torch` there, and both import it at the same
time. It takes job after job for as long as it is as good as new.
"""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, Self

from checker.conversation import Conversation, framed
from checker.ending import Ending, ForkedProcess
from checker.job import Job, Loaded, Lost

if TYPE_CHECKING:
    from checker.zygote import Zygote

__all__ = ["Job", "Loaded", "Lost", "Method", "Worker", "Workers", "default_method", "start"]

Method = Literal["fork", "spawn"]
VARIABLE = "XOR_CHECK_WORKER"
STARTING = 120.0
"""Seconds that a fresh interpreter gets to import torch; they do not count as the student's."""
TIDYING = 2.0
NOT_SEEN = 0
"""The pid of a worker in a room, as seen from here; its zygote watches over its memory."""


class Worker:
    """A process that has loaded a student's file and answers questions about it."""

    def __init__(
        self, conversation: Conversation, loaded: Loaded, release: Callable[[Conversation], None], waited: float = 0.0
    ) -> None:
        self.loaded = loaded
        self.waited = waited
        """Seconds that it took until there was a process for it: they are not the student's."""
        self._conversation = conversation
        self._release = release
        self._printed: str | None = None

    def ask(self, law: str, inputs: tuple[object, ...], *, deadline: float) -> object:
        """Give what a law's trial sees of the student's function.

        Args:
            law: the law's name.
            inputs: the arguments, as trees.
            deadline: by `time.monotonic()`.

        Raises:
            Lost: the worker is gone.
        """
        return self._conversation.request("ask", law, inputs, deadline=deadline)

    def ask_all(self, questions: Iterable[tuple[str, tuple[object, ...]]], *, deadline: float) -> Iterator[object]:
        """Give what `ask` would of each question, and let the worker go ahead of whoever looks at the answers.

        Args:
            questions: laws' names and inputs.
            deadline: by `time.monotonic()`, for all of them together.

        Raises:
            Lost: the worker is gone.
        """
        posted = [self._conversation.post(_framed(law, inputs)) for law, inputs in questions]
        return (self._conversation.next_answer(deadline=deadline) for _ in posted)

    def turn(self, function: str, *, deadline: float) -> bool:
        """Go on to another function of the same file, and say whether the process is fit for it.

        Args:
            function: its name; what is off limits must be the same for it.
            deadline: by `time.monotonic()`.

        Raises:
            Lost: the worker is gone.
        """
        self._conversation.forget_prints()
        tree = self._conversation.request("turn", function, deadline=deadline)
        if tree is not None:
            self.loaded = _loaded(self._conversation, tree)
        return tree is not None

    @property
    def printed(self) -> str:
        """What came on standard output and error so far, cut after some thousand characters."""
        return self._conversation.printed if self._printed is None else self._printed

    def close(self) -> None:
        """End the process, or give it back for another job."""
        if self._printed is None:
            self._printed = self._conversation.printed
            self._release(self._conversation)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _framed(law: str, inputs: tuple[object, ...]) -> bytes:
    """Give a question as it is sent; inputs that were drawn keep it, since all students are asked the same."""
    kept: dict[str, bytes] = getattr(inputs, "framed", {})
    if law not in kept:
        kept[law] = framed("ask", law, inputs)
    return kept[law]


class Workers(Protocol):
    """A source of workers, closed at the end of a `with` block together with every process that it started."""

    def worker(self, job: Job, *, deadline: float) -> Worker:
        """Give a worker that has loaded a student's file.

        Args:
            job: the file and what it is asked.
            deadline: when the file must have been imported, by `time.monotonic()`.

        Raises:
            Lost: the import took too long, or ended the process.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def default_method() -> Method:
    """Give the way that suits this system, or the one that the environment variable names.

    Raises:
        ValueError: the variable names none.
    """
    method = os.environ.get(VARIABLE) or ("fork" if sys.platform == "linux" else "spawn")
    if method == "fork" or method == "spawn":
        return method
    raise ValueError(f'{VARIABLE} is {method!r}: it must be "fork" or "spawn", or unset')


def start(
    method: Method | None = None,
    *,
    preload: Iterable[str] = (),
    interrupted: Callable[[], bool] = lambda: False,
    enclosed: bool = False,
    hidden: Sequence[str] = (),
) -> Workers:
    """Start a source of workers; see this module's text for when to call it.

    Args:
        method: "fork" or "spawn"; by default what `default_method` says.
        preload: modules that students' files will import; where workers are forked they are imported once for all.
        interrupted: looked at while a worker is waited for; once it is true, the worker is ended and lost.
        enclosed: whether they live in a room of their own, one at a time, see `bubblewrap`; they are forked then.
        hidden: folders that cannot be seen in the room, whatever lies around them.

    Raises:
        ValueError: this system cannot fork safely, or has no such rooms.
    """
    if enclosed:
        from checker import bubblewrap

        if reason := bubblewrap.missing():
            raise ValueError(reason)
        return _EnclosedWorkers(preload, interrupted, hidden)
    if (method or default_method()) == "spawn":
        return _SpawnedWorkers(interrupted)
    if sys.platform != "linux":
        raise ValueError(f'workers cannot be forked on {sys.platform!r}: use "spawn", the default here')
    return _ForkedWorkers(preload, interrupted)


def _load(conversation: Conversation, job: Job, deadline: float) -> Loaded:
    return _loaded(conversation, conversation.request("load", *astuple(job), deadline=deadline))


def _loaded(conversation: Conversation, tree: object) -> Loaded:
    try:
        return Loaded.of(tree)
    except ValueError:
        conversation.distrust()


class _ForkedWorkers:
    """A fresh fork of the zygote for each job."""

    def __init__(self, preload: Iterable[str], interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted
        self._preload = tuple(preload)
        gc.disable()  # it would find nothing in what an import makes, and look again and again
        import_module("checker.worker")  # imports torch, and all else that workers need, before the fork
        gc.freeze()  # what is here by now stays: neither judge nor workers need look at it again
        gc.enable()
        self._zygote = self._made()
        self._open: set[Conversation] = set()

    def _made(self) -> Zygote:
        from checker import off_limits
        from checker.zygote import Zygote

        off_limits.look_around()
        return Zygote(self._preload)

    def worker(self, job: Job, *, deadline: float) -> Worker:
        called = time.monotonic()
        conversation = self._start()
        waited = time.monotonic() - called
        return Worker(conversation, _load(conversation, job, deadline + waited), self._end, waited)

    def _start(self) -> Conversation:
        channel, of_worker = socket.socketpair()
        prints, prints_of_worker = os.pipe()
        with of_worker, open(prints_of_worker, "wb") as printer:
            process = self._fork(of_worker.fileno(), printer.fileno())
        file = channel.detach()
        conversation = Conversation(process, requests=file, answers=file, prints=prints, interrupted=self._interrupted)
        self._open.add(conversation)
        return conversation

    def _fork(self, channel: int, prints: int) -> ForkedProcess:
        pid = self._zygote.fork(channel, prints)
        return ForkedProcess(pid, partial(self._zygote.end, pid))

    def _end(self, conversation: Conversation) -> None:
        self._open.discard(conversation)
        conversation.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for conversation in list(self._open):
            self._end(conversation)
        self._zygote.close()


class _EnclosedWorkers(_ForkedWorkers):
    """The same in a room, one worker at a time; in another room, where the first one is gone."""

    def __init__(self, preload: Iterable[str], interrupted: Callable[[], bool], hidden: Sequence[str]) -> None:
        self._hidden = hidden
        super().__init__(preload, interrupted)

    def _made(self) -> Zygote:
        from checker.zygote import EnclosedZygote

        return EnclosedZygote(self._preload, hidden=self._hidden)

    def _fork(self, channel: int, prints: int) -> ForkedProcess:
        try:
            pid = self._zygote.fork(channel, prints)
        except ConnectionError:  # it was overrun or stopped, or could not be tidied up
            self._zygote.close()
            self._zygote = self._made()
            pid = self._zygote.fork(channel, prints)
        return ForkedProcess(NOT_SEEN, partial(self._zygote.end, pid))


class _SpawnedWorkers:
    """One fresh interpreter at a time is kept ready, and kept for the next job while it is as good as new."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted
        self._starting: _SpawnedProcess | None = _SpawnedProcess()
        self._idle: Conversation | None = None
        self._open: set[Conversation] = set()

    def worker(self, job: Job, *, deadline: float) -> Worker:
        called = time.monotonic()
        conversation = self._ready()
        waited = time.monotonic() - called
        try:
            return Worker(conversation, _load(conversation, job, deadline + waited), self._take_back, waited)
        except Lost:
            self._take_back(conversation)
            raise

    def _ready(self) -> Conversation:
        conversation, self._idle = self._idle, None
        if conversation is None:
            process, self._starting = self._starting or _SpawnedProcess(), None
            conversation = process.converse(self._interrupted)
            self._open.add(conversation)
        conversation.settle(STARTING)
        conversation.forget_prints()
        return conversation

    def _take_back(self, conversation: Conversation) -> None:
        try:
            as_new = conversation.request("tidy", deadline=time.monotonic() + TIDYING)
        except Lost:
            as_new = False
        if as_new is True and self._idle is None:
            self._idle = conversation
            return
        self._open.discard(conversation)
        conversation.end()
        if self._idle is None and self._starting is None:
            self._starting = _SpawnedProcess()  # imports torch while the judge thinks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for conversation in self._open:
            conversation.end()
        if self._starting is not None:
            self._starting.end()


class _SpawnedProcess:
    def __init__(self) -> None:
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "checker.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows only
        )
        self.pid = self._popen.pid

    def converse(self, interrupted: Callable[[], bool]) -> Conversation:
        """Give the conversation with the process, which owns the files from now on."""
        files = [self._popen.stdin, self._popen.stdout, self._popen.stderr]
        requests, answers, prints = (os.dup(file.fileno()) for file in files if file is not None)
        self._close_files()
        return Conversation(self, requests=requests, answers=answers, prints=prints, interrupted=interrupted)

    def end(self, patience: float = 0.0) -> Ending:
        killed = not self._ends_within(patience)
        if sys.platform == "win32":
            self._popen.kill()
        else:
            _kill_group(self.pid)
        code = self._popen.wait()
        self._close_files()
        return Ending(code, killed)

    def _ends_within(self, patience: float) -> bool:
        """Wait for the process to end by itself; where there are process groups, leave it to be reaped."""
        last = time.monotonic() + patience
        while not self._has_ended():
            if time.monotonic() >= last:
                return False
            time.sleep(0.001)
        return True

    def _has_ended(self) -> bool:
        if sys.platform == "win32":
            return self._popen.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _close_files(self) -> None:
        for file in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if file is not None:
                file.close()


def _kill_group(pid: int) -> None:
    import signal

    for kill in (os.kill, os.killpg):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
