"""An exception as its student should see it: their own lines, and none of torch's or the checker's."""

from __future__ import annotations

from dis import opmap
from traceback import walk_tb  # taken now: a student's file may replace it
from types import TracebackType

from checker.observation import MAX_TEXT, Raised

SHOWN = 5
"""Lines that tell where an endless recursion began and where it was stopped."""
RAISING = frozenset(opmap[name] for name in ("RAISE_VARARGS", "RERAISE"))


def raised(error: BaseException, path: str, source: str) -> Raised:
    """Describe an exception that a student's file led to.

    Args:
        error: the exception, with its traceback.
        path: what the file's code objects were compiled as.
        source: the file's text.
    """
    if isinstance(error, SyntaxError) and error.filename == path:
        return _syntax_error(error)
    text = source.splitlines()
    own = [(number, frame.f_code.co_name) for frame, number in walk_tb(error.__traceback__) if _is(frame, path)]
    if len(own) > SHOWN:
        own = own[: SHOWN // 2] + own[SHOWN // 2 - SHOWN :]
    lines = tuple(
        (number, function, text[number - 1].strip() if 0 < number <= len(text) else "") for number, function in own
    )
    return Raised(type(error).__qualname__, _message(error), lines, _raised_by(error.__traceback__, path))


def _is(frame: object, path: str) -> bool:
    return frame.f_code.co_filename == path  # type: ignore[attr-defined]


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MAX_TEXT]
    except BaseException:  # a student's __str__ may do anything
        return ""


def _raised_by(traceback: TracebackType | None, path: str) -> bool:
    """Whether the exception came from a `raise` in the file, not from something that it called, in C or in Python."""
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    return code.co_filename == path and code.co_code[traceback.tb_lasti] in RAISING


def _syntax_error(error: SyntaxError) -> Raised:
    """Keep line, column and text in the message, with a caret as Python prints it."""
    number, column = error.lineno or 0, error.offset or 0
    line = (error.text or "").rstrip()
    source = line.lstrip()
    message = f"{error.msg} (line {number}, column {column})"
    if source:
        caret = max(column - 1 - (len(line) - len(source)), 0)
        message += f"\n    {source}\n    {' ' * caret}^"
    return Raised(type(error).__qualname__, message, ((number, "<module>", source),))
