"""The command line as a whole: which commands there are, and how an exercise goes by several names.

Exercises are real commands, made from the course when they are asked for; their short names, file names and
paths are hidden aliases of them. `--course` decides which exercises there are, so it counts wherever it
stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from checker.cli import (
    board,
    check,
    compare,
    demo,
    dev,
    doctor,
    examples,
    grade,
    hint,
    init,
    notebooks,
    reset,
    solution,
    watch,
)
from checker.cli.call import CallError, CourseOption, course_of, is_named
from checker.course import Course, CourseError, around


class CourseGroup(TyperGroup):
    """A group whose commands are the exercises of the course, and those that were registered."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments with `--course` before the command, wherever it was written."""
        return super().parse_args(ctx, course_first(args))

    def list_commands(self, ctx: Any) -> list[str]:
        """Exercises first; none where there is no course, so that `--help` works everywhere."""
        try:
            exercises = [exercise.name for exercise in course_of(ctx).exercises]
        except CourseError:
            exercises = []
        return exercises + super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A registered command, otherwise the check of the exercise of this name, otherwise None."""
        try:
            return super().get_command(ctx, cmd_name) or self._check(ctx, cmd_name)
        except (CallError, CourseError):
            return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command; where there is none, an error that names the nearest one."""
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or super().get_command(ctx, name):
            return super().resolve_command(ctx, args)
        return name, self._check(ctx, name, args[1:]), args[1:]

    def _check(self, context: Any, name: str, args: Sequence[str] = ()) -> Any:
        file = Path(name) if name.endswith(".py") else None
        if file is None or not file.is_file():
            if file is not None and file.name != name:
                raise CallError(f"There is no file {name!r}: name one that exists, or an exercise.")
            course = _course_for(context, option(args, "--file"))
            return check.command_for(course, course.select(name, also=self.commands))
        course = _course_for(context, str(file))
        return check.command_for(course, course.select(name), file)


def _course_for(context: Any, file: str | None) -> Course:
    """The course of this call; where there is none and none was named, the one around the file to be checked."""
    try:
        return course_of(context)
    except CourseError:
        if file is None or is_named(context):
            raise
        return around(Path(file))


def option(args: Sequence[str], name: str) -> str | None:
    """The value of an option, before typer has read it.

    >>> option(["hvp", "--file", "mine.py"], "--file"), option(["--file=mine.py"], "--file"), option([], "--file")
    ('mine.py', 'mine.py', None)
    """
    for arg, following in zip_longest(args, args[1:]):
        if arg == name:
            return following
        if arg.startswith(f"{name}="):
            return arg.removeprefix(f"{name}=")
    return None


def course_first(args: Sequence[str]) -> list[str]:
    """The arguments with `--course DIR` moved to the front.

    >>> course_first(["exercise3", "hvp", "--course", "mine", "--json"])
    ['--course', 'mine', 'exercise3', 'hvp', '--json']
    """
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(args)
    for arg in remaining:
        if arg == "--course":
            front += [arg, *[value for value in [next(remaining, None)] if value is not None]]
        else:
            (front if arg.startswith("--course=") else rest).append(arg)
    return front + rest


app = typer.Typer(
    cls=CourseGroup,
    help="Check the exercises of the course; without a command, show where you are.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(context: typer.Context, course: CourseOption = None) -> None:
    """Check the exercises of the course; without a command, show where you are."""
    if context.invoked_subcommand is None:
        board.show(course_of(context))


app.command("all")(check.check_all)
for command in (
    watch.watch,
    hint.hint,
    examples.examples,
    solution.solution,
    reset.reset,
    init.init,
    notebooks.notebooks,
    demo.demo,
    compare.compare,
    grade.grade,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(dev.dev, name="dev")
