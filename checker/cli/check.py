"""`xor-check exercise3 [FUNCTION]` and `xor-check all`: have it checked, show the report, remember it."""

import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from checker import draft, progress, replay
from checker.cli.call import CallError, CourseOption, course_of, shown, student_file
from checker.course import Course, Exercise
from checker.replay import Replay
from checker.report.destination import Destination, DestinationError
from checker.report.invitation import Invitation
from checker.verdict import Report, Verdict

if TYPE_CHECKING:
    from checker.report.terminal import Terminal
    from checker.sandbox import Workers

SEED = 0
"""Fixed, so that a result does not flicker; `--seed` shows that it does not depend on luck."""

TIMEOUT = 10.0
"""Seconds for one function: hundreds of times what a right answer takes."""


class Device(StrEnum):
    """Where the functions are asked to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


@dataclass(frozen=True)
class Options:
    """How to check, and how to show it."""

    device: str
    seed: int
    timeout: float
    json: bool
    color: bool
    verbose: bool


DeviceOption = Annotated[Device, typer.Option("--device", help="Where to compute; auto takes a GPU if there is one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Draw other inputs.")]
TimeoutOption = Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="Time for each function.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colour, as with $NO_COLOR.")]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="PATH", help="Write JUnit's XML, too.", show_default=False)
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="PATH", help="Write a page to look at, too.", show_default=False)
]
ReplayOption = Annotated[
    str | None, typer.Option("--replay", metavar="TOKEN", help="Repeat one failure exactly.", show_default=False)
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show all failures, not only the first.")]


def command_for(course: Course, exercise: Exercise, file: Path | None = None) -> Any:
    """The command that checks an exercise.

    Args:
        course: where it belongs.
        exercise: what is checked.
        file: the file that the command was called by, instead of the exercise's own.
    """
    called_by = file

    def complete(incomplete: str) -> list[str]:
        return [name for name in exercise.functions if name.startswith(incomplete)]

    def check_one(
        function: Annotated[
            str | None,
            typer.Argument(
                metavar="[FUNCTION]", help="Check only this one.", autocompletion=complete, show_default=False
            ),
        ] = None,
        file: Annotated[
            Path | None, typer.Option("--file", metavar="PATH", help="Check that file.", show_default=False)
        ] = None,
        folder: CourseOption = None,
        device: DeviceOption = Device.auto,
        as_json: JsonOption = False,
        junit: JunitOption = None,
        html: HtmlOption = None,
        token: ReplayOption = None,
        seed: SeedOption = SEED,
        timeout: TimeoutOption = TIMEOUT,
        no_color: NoColorOption = False,
        verbose: VerboseOption = False,
    ) -> None:
        options = Options(device.value, seed, seconds(timeout), as_json, not no_color, verbose)
        functions = None if function is None else [exercise.function(function)]
        wanted = None if token is None else to_replay(token, exercise, function)
        checked = student_file(exercise, file or called_by)
        files = Files.named(junit, html)
        with workers(exercise) as ready:
            report = run(ready, course, exercise, checked, functions, options, wanted)
        files.write([report])
        if as_json:
            from checker.report import json

            typer.echo(json.one(report))
        elif wanted is not None:
            typer.echo(replay.outcome(wanted, report))
        raise typer.Exit(0 if report.passed else 1)

    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(exercise.name, help=exercise.summary)(check_one)
    return typer.main.get_command(single)


def check_all(
    context: typer.Context,
    folder: CourseOption = None,
    device: DeviceOption = Device.auto,
    as_json: JsonOption = False,
    junit: JunitOption = None,
    html: HtmlOption = None,
    seed: SeedOption = SEED,
    timeout: TimeoutOption = TIMEOUT,
    no_color: NoColorOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Check every exercise."""
    options = Options(device.value, seed, seconds(timeout), as_json, not no_color, verbose)
    course = course_of(context)
    checked = {exercise: student_file(exercise) for exercise in course.exercises}
    files = Files.named(junit, html)
    with workers(*checked) as ready:
        reports = [run(ready, course, exercise, file, None, options) for exercise, file in checked.items()]
    files.write(reports)
    if as_json:
        from checker.report import json

        typer.echo(json.many(reports))
    raise typer.Exit(0 if all(report.passed for report in reports) else 1)


@dataclass(frozen=True)
class Files:
    """The files that reports are written to, beside what is printed."""

    junit: Destination | None
    html: Destination | None

    @classmethod
    def named(cls, junit: Path | None, html: Path | None) -> "Files":
        """The files that the options name.

        Raises:
            CallError: one cannot be written.
        """
        files = cls(
            None if junit is None else Destination("--junit", junit),
            None if html is None else Destination("--html", html),
        )
        try:
            for file in (files.junit, files.html):
                if file is not None:
                    file.ensure()
        except DestinationError as cause:
            raise CallError(str(cause)) from cause
        if junit is not None and html is not None and junit.resolve() == html.resolve():
            raise CallError(f"--junit and --html are both {str(junit)!r}: name two files.")
        return files

    def write(self, reports: Sequence[Report]) -> None:
        """Write the reports.

        Raises:
            CallError: a file cannot be written any more.
        """
        try:
            if self.junit is not None:
                from checker.report.junit import text

                self.junit.write(text(reports))
            if self.html is not None:
                from checker.report.html import page  # imports jinja2

                self.html.write(page(reports))
        except DestinationError as cause:
            raise CallError(str(cause)) from cause


def workers(*exercises: Exercise, interrupted: Callable[[], bool] | None = None) -> "Workers":
    """What runs the code of students; made before anything else is imported, once for all that a command checks.

    Args:
        exercises: what will be checked.
        interrupted: see `sandbox.start`.
    """
    if sys.stdout is not None:
        sys.stdout.flush()  # what is still in the buffer when a worker is forked would be printed twice
    from checker import sandbox  # imports torch

    try:
        preload = [name for exercise in exercises for name in exercise.preload]
        return sandbox.start(preload=preload, interrupted=interrupted or (lambda: False))
    except ValueError as cause:  # $XOR_CHECK_WORKER names no way to start them, or none that this system has
        raise CallError(str(cause)) from cause


def run(
    ready: "Workers",
    course: Course,
    exercise: Exercise,
    file: Path,
    functions: Sequence[str] | None,
    options: Options,
    wanted: Replay | None = None,
) -> Report:
    """Check a file: show it line by line, unless JSON is wanted, and remember what was found.

    Args:
        ready: what `workers` gave.
        course: where the exercise belongs.
        exercise: what the file should solve.
        file: what is checked.
        functions: which functions; all by default.
        options: how to check and to show it.
        wanted: what a token says, to ask nothing but its case.

    Raises:
        CallError: where the device that was asked for is not there.
    """
    from checker import exam  # imports torch

    asked = [wanted.function] if wanted is not None else functions or exercise.functions
    screen = _Screen(course, exercise, file, asked, options)
    before = draft.read(exercise)
    try:
        report = exam.check(
            ready,
            exercise,
            file,
            functions,
            device=options.device if wanted is None else _device_of(wanted, options.device),
            seed=options.seed,
            timeout=options.timeout,
            on_verdict=None if options.json else screen.line,
            **({} if wanted is None else {"wanted": wanted}),
        )
    except (exam.NoDevice, replay.ReplayError) as cause:
        raise CallError(str(cause)) from cause
    if wanted is not None:
        pass  # one case says nothing of how far the function is
    elif exercise.file.is_file() and file.samefile(exercise.file):
        remembered = progress.load(course)
        progress.save(course, progress.checked(remembered, exercise, report.verdicts, before))
    report = replace(report, file=shown(file))
    if not options.json:
        screen.finish(report)
    return report


def to_replay(token: str, exercise: Exercise, function: str | None) -> Replay:
    """What a token says, for the exercise and the function that the call names.

    Raises:
        CallError: it is no token, or one for something else.
    """
    try:
        wanted = replay.read(token)
    except replay.ReplayError as cause:
        raise CallError(str(cause)) from cause
    call = Invitation().replay(f"exercise{wanted.exercise}", wanted.function, token)
    if wanted.exercise != str(exercise.number) or function not in (None, wanted.function):
        raise CallError(f"This token is of exercise{wanted.exercise}, {wanted.function}: {call}")
    exercise.function(wanted.function)
    note = replay.changed(wanted, exercise.checks.read_text("utf-8"))
    if note is not None:
        typer.echo(f"xor-check: {note}", err=True)
    return wanted


def _device_of(wanted: Replay, device: str) -> str:
    """The device that was asked for, otherwise the one that the failure was seen on, if there is one."""
    if device != "auto" or wanted.on_gpu:
        return device
    return "cpu"


def seconds(timeout: float) -> float:
    """A time limit that makes sense.

    Raises:
        CallError: for zero, a negative number, infinity or NaN.
    """
    if not (math.isfinite(timeout) and timeout > 0):
        raise CallError(f"--timeout {timeout!r} is no time limit: give seconds above 0, such as --timeout 10.")
    return timeout


@dataclass
class _Screen:
    """The terminal, from the first verdict on: rich is imported when there is something to show."""

    course: Course
    exercise: Exercise
    file: Path
    functions: Sequence[str]
    options: Options

    @cached_property
    def terminal(self) -> "Terminal":
        from checker.report.terminal import Terminal

        color = self.options.color and not os.environ.get("NO_COLOR")
        terminal = Terminal(color=color, verbose=self.options.verbose)
        terminal.start(self.exercise.name, shown(self.file), self.functions)
        return terminal

    def line(self, verdict: Verdict) -> None:
        self.terminal.line(verdict)

    def finish(self, report: Report) -> None:
        after = self.course.exercises[self.course.exercises.index(self.exercise) + 1 :]
        self.terminal.finish(
            report,
            after=after[0].name if after else None,
            total=len(self.exercise.functions),
        )
