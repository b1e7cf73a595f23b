"""The judge's side of talking to one worker: a request, an answer in time, and what was printed meanwhile.

Two threads do the reading and writing, since pipes cannot be waited for with a deadline on every system. The judge's
own thread waits for the answer and watches the clock and the worker's memory; when either runs out, when the worker
dies, or when it answers anything but what was asked, the worker is ended and the conversation is lost.
"""

from __future__ import annotations

import os
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, Literal, NoReturn

from checker import frames, limits
from checker.ending import Ending, Process
from checker.frames import WireError
from checker.job import Lost

GLANCE = 0.05
"""Seconds between two looks at the worker's memory."""
PATIENCE = 0.5
"""Seconds that a worker whose channel is closed gets to end by itself, so that the system can tell why."""
MAX_PRINTED = 4000
MAX_REMEMBERED = 2048
"""Bytes of an answer that is remembered as read: in a class, right answers to one question are alike to the bit."""


def _read(answer: bytes) -> Any:
    """Give the tree of an answer, which nobody changes; raises `WireError`."""
    from checker import wire  # imports torch

    return wire.decode(answer, max_commas=wire.MAX_COMMAS)


_read_once = lru_cache(maxsize=1024)(_read)


def framed(kind: str, *content: Any) -> bytes:
    """Give a request as it is sent; see `Conversation.request`. Its number is how many came before."""
    from checker import wire  # imports torch

    return wire.encode((kind, *content))


class Conversation:
    """All that connects the judge to one worker."""

    def __init__(
        self,
        process: Process,
        *,
        requests: int,
        answers: int,
        prints: int,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._process = process
        self._interrupted = interrupted
        self._channel = _Channel(requests, answers)
        self._prints = _Prints(prints)
        self._posted = self._answered = 0
        self._ended = False
        self.lost: Lost | None = None

    def request(self, kind: str, *content: Any, deadline: float) -> Any:
        """Give the worker's answer to a request, past answers that nobody has looked at.

        Args:
            kind: what to do, as `worker` knows it.
            content: what it needs for that, as trees.
            deadline: by `time.monotonic()`.

        Raises:
            Lost: the worker is gone.
        """
        while self._answered < self._posted:
            self.next_answer(deadline=deadline)
        self.post(framed(kind, *content))
        return self.next_answer(deadline=deadline)

    def post(self, request: bytes) -> None:
        """Send what `framed` gives, and go on: the answers come in the order of the requests."""
        self._posted += 1
        self._channel.send(request)

    def next_answer(self, *, deadline: float) -> Any:
        """Give the answer to the first request that has not been answered yet.

        Raises:
            Lost: the worker is gone.
        """
        if self.lost is not None:
            raise self.lost
        if self._interrupted():
            self._lose("timeout", "was interrupted")
        self._answered += 1
        while (answer := self._channel.receive(min(GLANCE, max(0.0, deadline - time.monotonic())))) is None:
            if self._interrupted():
                self._lose("timeout", "was interrupted")
            if time.monotonic() >= deadline:
                self._lose("timeout", "did not finish in time")
            if limits.resident(self._process.pid) > limits.MAX_RESIDENT:
                self._lose("crashed", f"used more than {limits.MAX_RESIDENT / 2**30:.3g} GiB of memory")
        if isinstance(answer, EOFError):
            self._lose("crashed", self._end(PATIENCE).meaning)
        try:
            if isinstance(answer, WireError):
                raise answer
            read = _read_once if len(answer) <= MAX_REMEMBERED else _read
            number, tree = read(answer)
            if number != self._answered:
                raise WireError("an answer that nobody asked for")
        except (WireError, TypeError, ValueError):
            self.distrust()
        return tree

    def distrust(self) -> NoReturn:
        """End a worker that answers what no worker of ours does.

        Raises:
            Lost: always.
        """
        self._lose("crashed", "wrote to the checker's own channel")

    @property
    def printed(self) -> str:
        """What came on standard output and error so far, cut after some thousand characters."""
        if not self._ended:
            with suppress(Lost):
                self.settle(PATIENCE)
        return self._prints.text

    def settle(self, seconds: float) -> None:
        """Have the worker print a mark, and wait until it comes: then all that was printed before is here.

        Raises:
            Lost: the worker is gone.
        """
        mark = os.urandom(16).hex()
        seen = self._prints.watch_for(mark)
        self.request("mark", mark, deadline=time.monotonic() + seconds)
        seen.wait(PATIENCE)

    def forget_prints(self) -> None:
        """Start afresh, for another job."""
        self._prints.clear()

    def end(self) -> None:
        """End the worker, if it has not ended yet."""
        self._end(0.0)

    def _lose(self, status: Literal["timeout", "crashed"], message: str) -> NoReturn:
        self._end(0.0)
        self.lost = Lost(status, message, self._prints.text)
        raise self.lost

    def _end(self, patience: float) -> Ending:
        if self._ended:
            return Ending(0, killed=True)
        self._ended = True
        ending = self._process.end(patience)
        self._channel.close()
        self._prints.wait(PATIENCE)
        return ending


class _Channel:
    """Sends each frame and waits for the one that answers it, on a thread of its own."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        self._to_send: SimpleQueue[bytes | None] = SimpleQueue()
        self._received: SimpleQueue[bytes | EOFError | WireError] = SimpleQueue()
        threading.Thread(target=self._run, name="channel", daemon=True).start()

    def send(self, frame: bytes) -> None:
        self._to_send.put(frame)

    def receive(self, seconds: float) -> bytes | EOFError | WireError | None:
        """Give the next answer, how the channel ended, or None when neither came in time."""
        try:
            return self._received.get(timeout=seconds)
        except Empty:
            return None

    def close(self) -> None:
        self._to_send.put(None)

    def _run(self) -> None:
        try:
            while (frame := self._to_send.get()) is not None:
                frames.send(self._requests, frame)
                self._received.put(frames.receive(self._answers))
        except WireError as error:
            self._received.put(error)
        except (EOFError, OSError):
            self._received.put(EOFError())
        finally:
            for file in {self._requests, self._answers}:
                os.close(file)


class _Prints:
    """Reads all that a worker prints, so that it never has to wait, and keeps the beginning."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")
        self._mark, self._seen = "", threading.Event()
        self.clear()
        self._thread = threading.Thread(target=self._run, name="prints", daemon=True)
        self._thread.start()

    def clear(self) -> None:
        self._kept, self._left_out, self._tail = "", 0, ""

    @property
    def text(self) -> str:
        if not self._left_out:
            return self._kept
        return f"{self._kept}\n[... and {self._left_out:,} more characters]"

    def watch_for(self, mark: str) -> threading.Event:
        """Give an event that is set when the mark has come; the mark itself is left out of the text."""
        self._seen = threading.Event()
        self._mark = mark
        return self._seen

    def wait(self, seconds: float) -> None:
        """Wait for the last words of a process that has ended."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while data := self._read():
            self._take(self._decoder.decode(data))
        self._mark = ""
        self._take("")
        os.close(self._file)

    def _read(self) -> bytes:
        try:
            return os.read(self._file, 65536)
        except OSError:
            return b""

    def _take(self, text: str) -> None:
        text, self._tail = self._tail + text, ""
        before, mark, after = text.partition(self._mark) if self._mark else (text, "", "")
        if self._mark and not mark:  # it may be cut in two: hold back what could be its beginning
            cut = max(len(text) - len(self._mark) + 1, 0)
            before, self._tail = text[:cut], text[cut:]
        text = before + after
        room = MAX_PRINTED - len(self._kept)
        self._kept += text[:room]
        self._left_out += len(text[room:])
        if mark:
            self._mark = ""
            self._seen.set()
