"""Characters that a terminal can show: a mark for each status, bars, and text that does no harm."""

from __future__ import annotations

from itertools import groupby
from typing import IO

MARKS = {"passed": ("✓", "ok"), "todo": ("…", "todo"), "failed": ("✗", "FAIL")}
"""A mark and its form in ASCII; every status that is not named counts as `failed`."""

MOST_LINES = 20
"""Of what a function printed."""


def shows(text: str, stream: IO[str] | None) -> bool:
    """Whether a stream has an encoding for these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def mark(status: str, stream: IO[str] | None) -> str:
    """The mark of a status, padded so that names stand below each other."""
    fancy = all(shows(mark, stream) for mark, _ in MARKS.values())
    forms = [pair[0 if fancy else 1] for pair in MARKS.values()]
    chosen = MARKS.get(status, MARKS["failed"])[0 if fancy else 1]
    return chosen.ljust(max(len(form) for form in forms))


def bar(done: int, total: int, width: int, stream: IO[str] | None) -> str:
    """A progress bar: full only when everything is done, empty only when nothing is."""
    filled, empty = ("█", "░") if shows("█░", stream) else ("#", ".")
    cells = width * done // total if total else 0
    if done and not cells:
        cells = 1
    return filled * cells + empty * (width - cells)


def harmless(text: str, stream: IO[str] | None = None) -> str:
    r"""Text of unknown origin with everything that could steer a terminal made visible.

    >>> print(harmless("red: \x1b[31m, back: \r"))
    red: \x1b[31m, back: \r
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    visible = "".join(
        char if char in "\n\t" or char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
    return visible.encode(encoding, "backslashreplace").decode(encoding)


def condensed(printed: str) -> str:
    r"""What a function printed in its many calls, with repeated lines told once and long output cut.

    >>> condensed("a\na\nb\n")
    'a  (2 times)\nb'
    """
    runs = [(line, len(list(run))) for line, run in groupby(printed.rstrip("\n").split("\n"))]
    lines = [line if times == 1 else f"{line}  ({times} times)" for line, times in runs]
    more = len(lines) - MOST_LINES
    return "\n".join(lines if more <= 0 else [*lines[:MOST_LINES], f"... and {more} lines more"])
