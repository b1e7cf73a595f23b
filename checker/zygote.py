"""The zygote: a process that has imported torch and nothing of an answer, and forks workers in milliseconds.

It is forked from the judge before the judge loads any answer, holds one thread and one inherited socketpair, and does
what it is told there: fork a worker with the files that come along, or end one. Only the zygote signals and reaps its
workers, so that no signal can reach a process that has taken over a dead one's number. It adopts what a worker leaves
behind, and when the judge is gone, however it went, it ends everything and then itself.

Where students' code is not trusted, the zygote is a fresh interpreter in a room of its own (`bubblewrap`, `room`). What
it forks need not be a worker: `grading.nursery` has judges made so.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from select import select
from typing import TYPE_CHECKING, NoReturn

from checker import bubblewrap, limits
from checker.ending import Ending
from checker.process import Files, isolate

if TYPE_CHECKING:
    from checker.room import Room

ORDER = struct.Struct("<cqd")
"""What to do, with which worker, and how many seconds it may take to end by itself."""
REPLY = struct.Struct("<q?")
FORK, END, QUIT = b"f", b"e", b"q"
FILES = 2
"""What comes along with an order to fork."""
GLANCE = 0.05
"""Seconds between two looks at the memory of a room."""
STARTING = 120.0
"""Seconds that a zygote may take to be ready: in a room it imports torch."""
PATIENCE = 10.0
"""Seconds beyond those of the order that a zygote may take: a worker may have stopped it, or filled its room."""


class Zygote:
    """The judge's side: start it, have it fork and end workers, close it."""

    def __init__(self, preload: Iterable[str] = ()) -> None:
        """Start it.

        Args:
            preload: modules that its workers will import, so that each need not.
        """
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._is_ready = False
        self.pid = self._start(other, preload)
        other.close()

    def _start(self, other: socket.socket, preload: Iterable[str]) -> int:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # or a worker would print it a second time
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # for good in the zygote: Ctrl-C is ours
        pid = os.fork()
        if pid == 0:
            live(other, preload)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid

    def fork(self, channel: int, prints: int) -> int:
        """Give the pid of a new worker that serves on one file descriptor and prints to the other.

        Raises:
            OSError: the system makes no more processes; as a `ConnectionError`, the zygote is gone or takes too long.
        """
        if not self._is_ready:
            self._reply(STARTING)
            self._is_ready = True
        try:
            socket.send_fds(self._socket, [ORDER.pack(FORK, 0, 0.0)], [channel, prints])
        except OSError as error:
            raise ConnectionError("the zygote is gone") from error
        pid, failed = self._reply(PATIENCE)
        if failed:
            raise OSError(pid, os.strerror(pid))
        return pid

    def end(self, pid: int, patience: float) -> Ending:
        """Kill a worker and all that it left behind, and say how it ended."""
        try:
            self._socket.send(ORDER.pack(END, pid, patience))
            return Ending(*self._reply(patience + PATIENCE))
        except OSError:  # the zygote is gone, and so are its workers
            return Ending(-signal.SIGKILL, killed=False)

    def close(self) -> None:
        """End all workers and the zygote."""
        with suppress(OSError):
            self._socket.send(ORDER.pack(QUIT, 0, 0.0))
        self._socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _give_up(self) -> None:
        """Kill the zygote: one that does not answer must not go on later. Its workers die with it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _reply(self, seconds: float) -> tuple[int, bool]:
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(REPLY.size)
        except OSError as error:
            self._give_up()
            raise ConnectionError("the zygote does not answer") from error
        finally:
            self._socket.settimeout(None)
        if len(data) != REPLY.size:
            raise ConnectionError("the zygote is gone")
        return REPLY.unpack(data)


class FreshZygote(Zygote):
    """The same as an interpreter of its own."""

    def __init__(self, command: Callable[[int], Sequence[str]], environment: Mapping[str, str] | None = None) -> None:
        """Start it.

        Args:
            command: gives what to run, told the number of the socket that it serves on.
            environment: its variables; by default this process's.
        """
        self._command, self._environment = command, environment
        super().__init__()

    def _start(self, other: socket.socket, preload: Iterable[str]) -> int:
        self._process = subprocess.Popen(
            self._command(other.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(other.fileno(),),
            env=self._environment,
            start_new_session=True,  # away from the terminal: Ctrl-C is ours
        )
        return self._process.pid

    def _give_up(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """End all workers and the zygote, which gets some seconds to leave nothing behind."""
        with suppress(OSError):
            self._socket.send(ORDER.pack(QUIT, 0, 0.0))
        self._socket.close()
        if not self._is_ready:  # it has nothing yet that it could leave behind
            self._process.kill()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class EnclosedZygote(FreshZygote):
    """The same in a room; whatever happens in there, ending the room ends it."""

    def __init__(self, preload: Iterable[str] = (), *, hidden: Sequence[str] = ()) -> None:
        """Start it.

        Args:
            preload: modules that its workers will import, so that each need not.
            hidden: folders that no worker may see.
        """

        def command(orders: int) -> Sequence[str]:
            arguments = [str(orders), str(bubblewrap.user()), *preload]
            return bubblewrap.command([sys.executable, "-P", "-m", "checker.zygote", *arguments], hidden=hidden)

        super().__init__(command)

    def close(self) -> None:
        """End the room."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


# The zygote's own side


def main() -> NoReturn:
    """Live in a room: the socket's number, the workers' user, and the modules to preload are the arguments."""
    from checker.room import Room  # Linux only

    orders, user, *preload = sys.argv[1:]
    limits.die_first()
    limits.hide()  # from its workers, who may be of the same user
    live(socket.socket(fileno=int(orders)), preload, enter=lambda: Room(int(user)))


def live(
    orders: socket.socket,
    preload: Iterable[str],
    serve: Callable[[int, int], None] | None = None,
    enter: Callable[[], Room] | None = None,
) -> NoReturn:
    """Be a zygote.

    Args:
        orders: where they come from.
        preload: modules that are imported before anything is forked.
        serve: what is done in a new process, with the two files that came along; by default, it is a worker.
        enter: makes the room that all of them live in, if there is one.
    """
    status = 1
    try:
        from checker import off_limits, worker  # imports torch, where it was not imported before the fork

        with suppress(PermissionError):  # it may lead a session already
            os.setsid()  # away from the terminal and its signals
        _let_go(orders.fileno())
        limits.adopt_orphans()
        worker.warm_up()
        for name in preload:
            with suppress(Exception):  # whoever needs it will meet the error again
                import_module(name)
        off_limits.look_around()
        gc.freeze()  # a collection would write to every page that is shared with the judge
        room = enter and enter()
        orders.send(REPLY.pack(0, False))
        _obey(orders, room, serve or _serve_as_worker)
        status = 0
    finally:
        os._exit(status)


def _let_go(kept: int) -> None:
    """Let go of the judge's files; their numbers stay taken, since objects that close them may still be around."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in (kept, nothing, 2):
            with suppress(OSError):  # the listing's own, closed by now
                os.fstat(int(name))
                os.dup2(nothing, int(name), inheritable=False)


def _obey(orders: socket.socket, room: Room | None, serve: Callable[[int, int], None]) -> None:
    workers: set[int] = set()
    while True:
        if room is not None:
            _keep_watch(orders, room, workers)
        data, files, _, _ = socket.recv_fds(orders, ORDER.size, FILES)
        order, pid, patience = ORDER.unpack(data) if data else (QUIT, 0, 0.0)
        if order == FORK and len(files) == FILES:  # else somebody has taken from this process that it can hold more
            reply = _fork(orders, room, serve, *files)
            if not reply[1]:
                workers.add(reply[0])
        elif order == END and pid in workers:
            workers.discard(pid)
            reply = _end(pid, patience, workers) if room is None else _end_all(pid, patience, room)
            if room is not None and not room.tidy():
                break
        else:
            break
        try:
            orders.send(REPLY.pack(*reply))
        except OSError:
            break
    for pid in list(workers):
        workers.discard(pid)
        _end(pid, 0.0, workers)


def _keep_watch(orders: socket.socket, room: Room, workers: set[int]) -> None:
    """Wait for an order, and keep the room from overflowing meanwhile."""
    while workers and not select([orders], [], [], GLANCE)[0]:
        if room.is_overfull():
            room.empty()


def _fork(orders: socket.socket, room: Room | None, serve: Callable[[int, int], None], *files: int) -> tuple[int, bool]:
    zygote = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        pid, failure = -1, error.errno or 0
    else:
        failure = 0
    if pid == 0:
        _begin(orders, room, zygote, serve, *files)
    for file in files:
        os.close(file)
    return (failure, True) if failure else (pid, False)


def _begin(
    orders: socket.socket, room: Room | None, zygote: int, serve: Callable[[int, int], None], *files: int
) -> NoReturn:
    try:
        os.setsid()
        orders.close()
        if room is not None:
            room.confine()
        limits.die_with_parent()
        if os.getppid() == zygote:  # or it ended before this process asked to end with it
            serve(*files)
    finally:
        os._exit(1)


def _serve_as_worker(channel: int, prints: int) -> None:
    from checker import worker

    files = isolate(Files(channel, channel, prints))
    os.close(channel)
    os.close(prints)
    worker.serve(files)


def _end(pid: int, patience: float, others: set[int]) -> tuple[int, bool]:
    """Kill a worker's process group, and whatever orphan it has left outside it."""
    killed = not _ends_within(pid, patience)
    for kill in (os.kill, os.killpg):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    while orphans := [child for child in limits.children() if child not in others]:
        for orphan in orphans:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)
    return os.waitstatus_to_exitcode(status), killed


def _end_all(pid: int, patience: float, room: Room) -> tuple[int, bool]:
    """Kill a worker and everything else in its room: only one is there at a time."""
    killed = not _ends_within(pid, patience)
    room.empty()
    _, status = os.waitpid(pid, 0)
    with suppress(ChildProcessError):
        while os.waitpid(-1, 0):
            continue
    return os.waitstatus_to_exitcode(status), killed


def _ends_within(pid: int, patience: float) -> bool:
    """Wait for a process to end by itself, and leave it to be reaped."""
    last = time.monotonic() + patience
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= last:
            return False
        time.sleep(0.001)
    return True


if __name__ == "__main__":
    main()
