"""Keys as they are pressed, without Enter and without an echo, and a terminal that is left as it was found.

    with keyboard.keys(events.put):
        ...

POSIX terminals are switched for the time of the block, and switched back however it ends; Ctrl-C still interrupts, and
Ctrl-Z hands the terminal back until the program goes on. On Windows the console has functions for this, and nothing is
switched.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress

END = "\x04"
"""What is told when no further key can come, and what Ctrl-D sends."""
ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|O?.)?")
"""What a terminal sends for an arrow, Home, or a letter with Alt."""
GLANCE = 0.05
"""Seconds between two looks at a Windows console."""

Tell = Callable[[str], None]


@contextmanager
def keys(tell: Tell) -> Generator[None]:
    """Tell of each key, on a thread of its own, as long as the block lasts.

    Args:
        tell: is called with one character a key; keys that send more, such as arrows, are left out.
    """
    stop = threading.Event()
    with _windows_keys(tell, stop) if sys.platform == "win32" else _posix_keys(tell, stop):
        yield


def characters(sent: str) -> Iterator[str]:
    r"""The keys in what a terminal sent at once; what belongs to an escape is no letter that somebody pressed.

    >>> list(characters("nh")), list(characters("\x1b[H\x1b[1;5Hq"))
    (['n', 'h'], ['q'])
    """
    return iter(ESCAPE.sub("", sent))


@contextmanager
def _windows_keys(tell: Tell, stop: threading.Event) -> Generator[None]:
    thread = threading.Thread(target=_read_console, args=(tell, stop), name="keys", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(1.0)


def _read_console(tell: Tell, stop: threading.Event) -> None:
    if sys.platform != "win32":
        return
    import msvcrt

    while not stop.wait(GLANCE):
        while msvcrt.kbhit():
            key = msvcrt.getwch()
            if key in ("\x00", "\xe0"):  # an arrow or a function key: its second half says which
                msvcrt.getwch()
            else:
                tell(key)


@contextmanager
def _posix_keys(tell: Tell, stop: threading.Event) -> Generator[None]:
    if sys.platform == "win32":
        return
    import signal
    import termios
    import tty

    terminal = sys.stdin.fileno()
    found = termios.tcgetattr(terminal)
    waking, wake = os.pipe()
    thread = threading.Thread(target=_read_terminal, args=(terminal, waking, tell), name="keys", daemon=True)

    def leave() -> None:
        with suppress(termios.error):  # the terminal itself is gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, found)

    def step_aside(number: int, frame: object) -> None:
        leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        time.sleep(0)  # stopped here, until somebody continues this process
        signal.signal(signal.SIGTSTP, step_aside)
        with suppress(termios.error):
            tty.setcbreak(terminal, termios.TCSADRAIN)
        tell("")  # whatever the shell wrote meanwhile is on the screen

    former = signal.signal(signal.SIGTSTP, step_aside)
    try:
        tty.setcbreak(terminal, termios.TCSADRAIN)
        thread.start()
        yield
    finally:
        signal.signal(signal.SIGTSTP, former)
        leave()
        os.close(wake)
        if thread.is_alive():
            thread.join(1.0)
        os.close(waking)


def _read_terminal(terminal: int, waking: int, tell: Tell) -> None:
    import select

    while True:
        ready, _, _ = select.select([terminal, waking], [], [])
        if waking in ready:
            return
        try:
            sent = os.read(terminal, 1024)
        except OSError:
            sent = b""
        if not sent:
            tell(END)
            return
        for key in characters(sent.decode("utf-8", "replace")):
            tell(key)
