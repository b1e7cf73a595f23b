"""A terminal for a program under test: a real pty, and the screen that somebody in front of it would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyte

PATIENCE = 60.0
"""Seconds for what takes a moment: shared machines stand still now and then."""


class Terminal:
    """A program in a terminal of its own, its leader's session and process group included."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        self.ours, self._theirs = pty.openpty()
        self.resize(columns, rows)
        self.modes_before = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller, as somebody with a mouse would."""
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    @property
    def modes(self) -> list[Any]:
        """Echo, line editing and whatever else the terminal is set to."""
        return termios.tcgetattr(self._theirs)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.ours, keys.encode())

    def read(self, seconds: float = 0.0) -> bool:
        """Take in what the program writes; say whether it wrote something in this time."""
        ready, _, _ = select.select([self.ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.ours, 65536)
        except OSError:  # the last program has closed it
            return False
        self.sent += data
        self._stream.feed(data)
        return bool(data)

    def until(self, *words: str, seconds: float = PATIENCE, gone: Sequence[str] = ()) -> str:
        """Wait until words are on the screen, and others are not, and give the screen."""
        return self.until_true(
            lambda text: all(word in text for word in words) and not any(word in text for word in gone),
            f"{words} on the screen, without {gone}",
            seconds,
        )

    def until_true(self, seen: Callable[[str], bool], wish: str, seconds: float = PATIENCE) -> str:
        """Wait until the screen is as wished, and give it."""
        last = time.monotonic() + seconds
        while not seen(self.text):
            left = last - time.monotonic()
            assert left > 0, f"not {wish}:\n{self.text}"
            if not self.read(min(left, 0.05)) and self.process.poll() is not None and not self.read(0.05):
                raise AssertionError(f"{wish}: ended with {self.process.returncode}:\n{self.text}")
        return self.text

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for the program to end, and give its exit code."""
        last = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < last, self.text
            self.read(0.02)
        while self.read(0.02):
            pass
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.ours)
        os.close(self._theirs)
