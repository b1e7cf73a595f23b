"""The screen of `xor-check watch`: where you are, what failed, which keys work, in the rows that the terminal has.

`compose` makes a frame from a view; what does not fit is cut out of the middle of the explanation, since its beginning
says what is wrong and its end what was expected. `Screen` draws frames over each other, and one below the other where
the terminal cannot place its cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

from rich.console import Console
from rich.text import Text

from checker.report.marks import harmless, mark
from checker.report.terminal import Terminal
from checker.verdict import Report, Verdict
from checker.watching import Key, View

OPEN = ("passed", "todo")
LEAST_BODY = 8
"""Rows of explanation for which a long list of functions gives way."""
HOME, CLEAR_LINE, CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """Draws one frame after another."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.places = not (console.is_dumb_terminal or console.legacy_windows)
        """Whether a frame can take the place of the one before."""
        self._drawn = False

    def draw(self, frame: Sequence[str]) -> None:
        """Show a frame in the place of the one before."""
        write = self.console.file.write
        if not self.places:
            write("\n".join([*frame, "", ""]))
        else:
            if not self._drawn:
                write("\n" * self.console.height)  # what was on the screen is kept above it
            self._drawn = True
            write(HOME + f"{CLEAR_LINE}\n".join(frame) + CLEAR_LINE + CLEAR_BELOW)
        self.console.file.flush()

    def leave(self) -> None:
        """Go below the last frame, which stays."""
        if self._drawn:
            self.console.file.write("\n")
            self.console.file.flush()


def compose(
    console: Console, view: View, keys: Sequence[Key], *, file: str, extra: str = "", page: str = "", note: str = ""
) -> list[str]:
    """Give the lines of a frame.

    Args:
        console: where it will be shown.
        view: what it shows.
        keys: those that work now.
        file: the name of the exercise's file, as a student would write it.
        extra: text below the explanation, such as hints.
        page: text in the place of the report, such as the list of exercises.
        note: one more line above the keys.
    """
    width, height = console.width, console.height
    if page:
        lines = _lines(console, lambda: console.print(Text(harmless(page.rstrip("\n"), console.file)), soft_wrap=True))
        return fitted([], lines, ["", *_keys(console, keys)], width, height, "")
    foot = ["", *_lines(console, lambda: _foot(console, view, note)), *_keys(console, keys)]
    title = _lines(console, lambda: _title(console, view, file))
    body = _lines(console, lambda: _explain(console, view, file))
    if extra:
        body += ["", *_lines(console, lambda: _paragraphs(console, extra))]
    names = view.exercise.functions if view.is_usable else ()
    room = height - 1 - len(foot) - len(title)
    if len(names) + min(LEAST_BODY, len(body)) > room:
        names = _telling(view, max(1, room - LEAST_BODY - 1))
    listed = [_row(console, lambda name=name: _line(console, view, name)) for name in names]
    others = [name for name in view.exercise.functions if name not in names]
    if others and names:
        passed = all(view.has_passed(name) and name not in view.pending for name in others)
        listed.append(f"  and {len(others)} more{' that passed' if passed else ''}")
    more = f"xor-check {view.exercise.name} {view.focus}"
    return fitted([*title, *listed], body, foot, width, height, more)


def fitted(
    head: Sequence[str], body: Sequence[str], foot: Sequence[str], width: int, height: int, more: str
) -> list[str]:
    """Give the lines that fit in so many rows, with the middle of the body cut out where there are too many.

    Args:
        head: lines at the top, all of them shown where the foot leaves room.
        body: lines between.
        foot: lines at the end, shown in any case.
        width: of a row; longer lines take several.
        height: rows; the last one stays free for the cursor.
        more: a command that shows the body in full.
    """
    room = height - 1 - _rows([*head, *foot], width)
    if _rows(body, width) <= room:
        return [*head, *body, *foot]
    if room < 2:
        return [*_first(head, max(0, height - 1 - _rows(foot, width)), width), *foot]
    after = list(reversed(_first(list(reversed(body)), (room - 1) * 2 // 3, width)))
    before = _first(body, room - 1 - _rows(after, width), width)
    left_out = len(body) - len(before) - len(after)
    cut = f"[... {left_out} lines more{f': {more}' if more else ''}]"
    return [*head, *before, cut[:width], *after, *foot]


def _first(lines: Sequence[str], room: int, width: int) -> list[str]:
    taken: list[str] = []
    for line in lines:
        room -= _rows([line], width)
        if room < 0:
            break
        taken.append(line)
    return taken


def _rows(lines: Sequence[str], width: int) -> int:
    return sum(max(1, -(-Text.from_ansi(line).cell_len // width)) for line in lines)


def _lines(console: Console, show: Callable[[], None]) -> list[str]:
    """What a function prints to the console, as lines."""
    with console.capture() as captured:
        show()
    text = captured.get()
    return text.removesuffix("\n").split("\n") if text else []


def _row(console: Console, show: Callable[[], None]) -> str:
    """The first line that a function prints, cut to the width: a mark and a name say enough."""
    line = Text.from_ansi(_lines(console, show)[0])
    line.truncate(console.width)
    return _lines(console, lambda: console.print(line, soft_wrap=True))[0]


def _title(console: Console, view: View, file: str) -> None:
    console.print(
        Text.assemble((view.exercise.name, "bold"), f"  {harmless(file, console.file)}"),
        soft_wrap=True,
    )


def _line(console: Console, view: View, name: str) -> None:
    """One function, in one row: the one in view says what there is to say below."""
    width = max(map(len, view.exercise.functions))
    verdict = view.verdict(name)
    if verdict is None:
        blank = " " * len(mark("todo", console.file))
        words = "checking" if view.pending[:1] == (name,) else ""
        console.print(Text(f"  {blank} {name.ljust(width)}  {words}".rstrip()), soft_wrap=True)
        return
    told = name == view.focus or (verdict.status == "todo" and not _waits(verdict))  # below, or by its mark
    message = "" if told else verdict.message.partition("\n")[0]
    terminal = Terminal(console=console)
    room = console.width - len(mark("todo", console.file)) - width - 14
    short = message if len(message) <= room else message[: max(0, room - 3)].rstrip() + "..."
    with console.capture():
        terminal.start("", "", view.exercise.functions)
    terminal.line(replace(verdict, message=short if room > 24 else ""))


def _telling(view: View, most: int) -> tuple[str, ...]:
    """The functions that a short list is about: the one in view, those that fail, those that come next."""
    functions = view.exercise.functions
    failing = [name for name in functions if name in view.verdicts and view.verdicts[name].status not in OPEN]
    chosen = list(dict.fromkeys([view.focus, *failing, *view.unfinished]))[:most]
    return tuple(name for name in functions if name in chosen)


def _explain(console: Console, view: View, file: str) -> None:
    name, verdict = view.focus, view.verdict(view.focus)
    if view.source is None:
        _say(
            console,
            f"{file} is gone, or cannot be read. Save it again; or xor-check reset {view.exercise.name}, "
            "in another window, writes a fresh one.",
        )
    elif verdict is None:
        first = view.pending[:1] == (name,)
        _say(console, f"{name} is being checked." if first else f"{name} is checked in its turn.")
    elif not view.is_usable:
        Terminal(console=console).explain(view.exercise.name, replace(verdict, name=PurePath(file).name, hints=0))
    elif verdict.status not in OPEN:
        # Keys show hints and ask again here.
        failures = tuple(replace(failure, again=None) for failure in verdict.failures)
        Terminal(console=console).explain(view.exercise.name, replace(verdict, hints=0, failures=failures))
    else:
        _say(console, _good_news(view, verdict) if verdict.passed else _to_write(view, verdict, file))
        if verdict.printed.strip():
            Terminal(console=console).explain(
                view.exercise.name, Verdict(name, verdict.status, "", printed=verdict.printed)
            )


def _good_news(view: View, verdict: Verdict) -> str:
    message = f" ({verdict.message})" if verdict.message else ""
    if not view.unfinished and not view.pending:
        return f"{view.focus} passed{message}, and so does everything in {view.exercise.name}."
    return f"{view.focus} passed{message}."


def _to_write(view: View, verdict: Verdict, file: str) -> str:
    if _waits(verdict):
        return f"{view.focus} {verdict.message}."
    return f"Write {view.focus} in {file}, and save: it is checked at once."


def _waits(verdict: Verdict) -> bool:
    """Whether a function is to do only because it calls another one that is."""
    return verdict.message.startswith("waits for")


def _say(console: Console, text: str) -> None:
    console.print()
    _paragraphs(console, text)


def _paragraphs(console: Console, text: str) -> None:
    for line in Text(harmless(text, console.file)).wrap(console, console.width):
        line.rstrip()
        console.print(line, soft_wrap=True)


def _foot(console: Console, view: View, note: str) -> None:
    if note:
        _paragraphs(console, note)
    if view.pending:
        done = len(view.exercise.functions) - len(view.pending)
        console.print(Text(f"checking {view.pending[0]}, {done} of {len(view.exercise.functions)} done", style="dim"))
        return
    if view.source is None:
        return
    if not view.is_usable:
        _status(console, view, "nothing could be checked", "bold")
        return
    verdicts = tuple(view.verdicts[name] for name in view.exercise.functions if name in view.verdicts)
    report = Report(view.exercise.name, "", 0, verdicts, view.seconds)
    _status(console, view, report.counted, "green bold" if report.passed else "bold")


def _status(console: Console, view: View, words: str, style: str) -> None:
    """How the check went, and when it was, in one row if there is room for that."""
    taken = f"  ({view.seconds:.1f} s, checked at {view.at})"
    if len(words) + len(taken) > console.width:
        taken = f"  ({view.at})"
    console.print(Text.assemble((words, style), (taken, "dim")), soft_wrap=True)


def _keys(console: Console, keys: Sequence[Key]) -> list[str]:
    """The keys, with as many rows as they need."""
    rows: list[Text] = []
    for key in keys:
        item = Text.assemble((key.letter, "bold"), f" {key.words}")
        if rows and rows[-1].cell_len + 3 + item.cell_len <= console.width:
            rows[-1] = Text.assemble(rows[-1], "   ", item)
        else:
            rows.append(item)
    return [line for row in rows for line in _lines(console, lambda row=row: console.print(row, soft_wrap=True))]
