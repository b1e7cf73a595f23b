"""`xor-check watch [exercise3]`: check on every save, and say at once what holds, until a key ends it.

One thread waits for whatever comes first, a key, a save or a verdict, and draws; others bring these. Torch is imported
and the workers' zygote forked before the first of these threads exists, and both serve for the whole session, so a save
is answered in a fraction of a second.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated

import typer

from checker import draft, progress, watching
from checker.cli import board, check, hint, keyboard, solution
from checker.cli.call import CallError, CourseOption, course_of, exercise_names, is_terminal, shown
from checker.cli.check import Device, DeviceOption, NoColorOption, SeedOption, TimeoutOption
from checker.course import Course, Exercise
from checker.draft import Draft
from checker.saves import Watcher
from checker.watching import View

if TYPE_CHECKING:
    from rich.console import Console

    from checker.examiner import Examiner, Told

TELL_AGAIN = 0.03
"""Seconds that a frame waits for further news, so that a row of verdicts is drawn once."""
GLANCE = 0.25
"""Seconds after which Python looks for signals that came right before it began to wait."""


@dataclass(frozen=True)
class Pressed:
    """A key; the empty one asks for the screen again."""

    key: str


@dataclass(frozen=True)
class Saved:
    """Files that were saved, deleted or brought back."""

    files: list[Path]


def watch(
    context: typer.Context,
    exercise: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXERCISE]",
            help="Where to begin; otherwise with what comes next.",
            autocompletion=exercise_names,
            show_default=False,
        ),
    ] = None,
    folder: CourseOption = None,
    device: DeviceOption = Device.auto,
    seed: SeedOption = check.SEED,
    timeout: TimeoutOption = check.TIMEOUT,
    no_color: NoColorOption = False,
) -> None:
    """Check on every save, and show at once what holds."""
    course = course_of(context)
    if not course.exercises:
        raise CallError("This course has no exercise.")
    begin = course.select(exercise) if exercise else _unfinished(course, course.exercises) or course.exercises[0]
    limit = check.seconds(timeout)
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise CallError(
            "watch needs a terminal, for its screen and its keys: without one, "
            f"run `xor-check {begin.name}` after each change."
        )
    typer.echo(f"{begin.name}: getting ready ...")
    events: SimpleQueue[Pressed | Saved | Told] = SimpleQueue()
    # The order is that of every check: torch, the zygote, and only then threads, the terminal, and answer keys.
    from checker.examiner import Examiner

    with Examiner(
        lambda interrupted: check.workers(*course.exercises, interrupted=interrupted),
        events.put,
        device=device.value,
        seed=seed,
        timeout=limit,
    ) as examiner:
        from rich.console import Console

        color = not no_color and not os.environ.get("NO_COLOR")
        console = Console(color_system="auto" if color else None)
        session = _Session(course, console, examiner, events)
        with (
            _signals(lambda: events.put(Pressed(""))),
            keyboard.keys(lambda key: events.put(Pressed(key))),
            Watcher([one.file for one in course.exercises], lambda files: events.put(Saved(files))),
        ):
            session.run(begin)


class _Session:
    """The loop, and what it holds: the view, the number of the check that it waits for, the screen."""

    def __init__(
        self,
        course: Course,
        console: Console,
        examiner: Examiner,
        events: SimpleQueue[Pressed | Saved | Told],
    ) -> None:
        from checker.report.screen import Screen

        self.course, self.console, self.examiner, self.events = course, console, examiner, events
        self.screen = Screen(console)
        self.number = 0
        self.over = False
        self.view: View

    def run(self, begin: Exercise) -> None:
        """Show an exercise, and whatever comes, until somebody quits."""
        self.open(begin)
        self.draw()
        drawn = True
        try:
            while not self.over:
                event = self.within(GLANCE if drawn else TELL_AGAIN)
                if event is not None:
                    drawn = False
                if (event is not None and self.take(event)) or (event is None and not drawn):
                    self.draw()
                    drawn = True
        finally:
            self.screen.leave()

    def within(self, seconds: float) -> Pressed | Saved | Told | None:
        """What comes in this time, if anything does."""
        with suppress(Empty):
            return self.events.get(timeout=seconds)
        return None

    def take(self, event: Pressed | Saved | Told) -> bool:
        """Let an event change the view, and say whether it wants to be seen at once."""
        from checker.examiner import Broke, Finished, Judged

        match event:
            case Pressed(key):
                self.press(key.lower())
                return True
            case Saved(files):
                self.saved(files)
                return True
            case Judged(number, verdict) if number == self.number:
                self.view = watching.judged(self.view, verdict)
                return verdict.name == self.view.focus
            case Finished(number, report) if number == self.number:
                self.view = watching.finished(self.view, report, time.strftime("%H:%M:%S"))
                remembered = progress.load(self.course)
                after = progress.checked(remembered, self.view.exercise, report.verdicts, self.view.draft)
                progress.save(self.course, after)
                return True
            case Broke(error):
                raise error
            case _:
                return False  # of a check that is over

    def press(self, key: str) -> None:
        """Do what a key says, if it says anything now; the screen is drawn afresh in any case."""
        if key == keyboard.END:
            self.over = True
        offered = [one.letter for one in self.keys()]
        if key != "s":
            self.view = replace(self.view, sure=True)
        if key not in offered:
            return
        view = self.view
        match key:
            case "q":
                self.over = True
            case "n":
                self.go_on()
            case "h":
                self.view = replace(view, hints=hint.one_more(self.course, view.exercise, view.focus).hints)
            case "l":
                self.view = replace(view, page="report" if view.page == "list" else "list")
            case "s" if view.page == "solution":
                self.view = replace(view, page="report")
            case "s" if view.has_passed(view.focus) or not view.sure:
                self.view = replace(view, page="solution", sure=True)
            case "s":
                self.view = replace(view, sure=False)
            case _:
                self.open(view.exercise, view.focus)

    def go_on(self) -> None:
        """Turn to the next function, or to the next exercise where this one is done."""
        function = watching.next_function(self.view)
        if function is not None:
            self.view = replace(watching.turned(self.view, function), page="report")
            return
        following = self.following()
        if following is not None:
            self.open(following)

    def saved(self, files: list[Path]) -> None:
        """Check what was saved: the exercise in view if it is among the files."""
        saved = [exercise for exercise in self.course.exercises if exercise.file in files]
        self.open(self.view.exercise if self.view.exercise in saved else saved[0])

    def open(self, exercise: Exercise, focus: str | None = None) -> None:
        """Read an exercise's file, and have it checked."""
        source = _read(exercise.file)
        remembered = progress.load(self.course)
        before = self.view if self.number and self.view.exercise == exercise else None
        text = _draft(exercise, source)
        self.view = watching.opened(exercise, text, source, remembered, before=before, focus=focus)
        self.number += 1
        if source is None:
            self.examiner.drop()
        else:
            self.examiner.check(self.number, exercise, source, self.view.pending)

    def following(self) -> Exercise | None:
        """The next exercise that leaves something to do, from the one in view onwards and then from the start."""
        exercises = self.course.exercises
        place = exercises.index(self.view.exercise)
        return _unfinished(self.course, [*exercises[place + 1 :], *exercises[:place]])

    def keys(self) -> list[watching.Key]:
        """The keys that work now."""
        seen = hint.seen(self.course, self.view.exercise, self.view.focus)
        following = self.following() if watching.next_function(self.view) is None else None
        return watching.keys(
            self.view,
            hints_left=seen.left,
            num_hints=seen.total,
            following=following.name if following else None,
        )

    def draw(self) -> None:
        """Show the view."""
        from checker.report.screen import compose

        view, page, note = self.view, "", ""
        if view.pending and not self.screen.places:
            return  # one frame a check, where none disappears
        if view.page == "list":
            page = board.text(self.course, self.console.width)
        elif view.page == "solution":
            page = solution.answer(view.exercise, view.focus)
        if not view.sure:
            note = f"{view.focus} has not passed yet. Press s again to see its answer, any other key to go on trying."
        hints = [f"hint {number}: {text}" for number, text in enumerate(view.hints, start=1)]
        self.screen.draw(
            compose(
                self.console,
                view,
                self.keys(),
                file=shown(view.exercise.file),
                extra="\n".join(hints),
                page=page,
                note=note,
            )
        )


def _unfinished(course: Course, exercises: list[Exercise] | tuple[Exercise, ...]) -> Exercise | None:
    """The first exercise of which some function has not passed as it is now."""
    remembered = progress.load(course)
    for exercise in exercises:
        if set(progress.standing(exercise, remembered).values()) != {"passed"}:
            return exercise
    return None


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _draft(exercise: Exercise, source: bytes | None) -> Draft:
    """What a file shows that was read already, so that what is remembered is what was checked."""
    try:
        return draft.of(exercise, (source or b"").decode("utf-8").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        return draft.of(exercise, "")


@contextmanager
def _signals(resized: Callable[[], None]) -> Generator[None]:
    """End in good order when asked to by a signal; tell of a window that got another size."""
    if sys.platform == "win32":
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    former = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGTERM, end),
            (signal.SIGHUP, end),
            (signal.SIGWINCH, lambda number, frame: resized()),
        )
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
