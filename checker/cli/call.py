"""What every command shares: the course it is about, and the error of a wrong call."""

import os
import sys
import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import IO, Annotated

import typer

from checker import course
from checker.course import Course, Exercise


class CallError(Exception):
    """The command cannot do what it was asked for; the message says the way out. Exit code 2."""


CourseOption = Annotated[
    Path | None,
    typer.Option(
        "--course",
        metavar="DIR",
        help="The course folder; otherwise $XOR_COURSE, otherwise from here upwards.",
        show_default=False,
        is_eager=True,  # which commands there are depends on it, also for --help
    ),
]


def exercise_names(context: typer.Context, incomplete: str) -> list[str]:
    """The exercises that a shell may complete."""
    names = [exercise.name for exercise in course_of(context).exercises]
    return [name for name in names if name.startswith(incomplete)]


def _function_names(context: typer.Context, incomplete: str) -> list[str]:
    exercise = course_of(context).select(str(context.params.get("exercise")))
    return [name for name in exercise.functions if name.startswith(incomplete)]


ExerciseArgument = Annotated[
    str,
    typer.Argument(
        metavar="EXERCISE", help="As exercise3, 3 or its topic.", autocompletion=exercise_names, show_default=False
    ),
]

FunctionArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="FUNCTION", help="One of its functions.", autocompletion=_function_names, show_default=False
    ),
]


def course_of(context: typer.Context) -> Course:
    """The course of this call, found once.

    Raises:
        CourseError: where there is none.
    """
    root = context.find_root()
    if "course" not in root.meta:
        named = root.params.get("course")  # still a string: typer converts when it calls the command
        root.meta["course"] = course.find(Path(named) if named else None)
    return root.meta["course"]


def is_named(context: typer.Context) -> bool:
    """Whether this call names a course, by option or environment, rather than leaving it to be found."""
    return bool(context.find_root().params.get("course") or os.environ.get("XOR_COURSE"))


def student_file(exercise: Exercise, file: Path | None = None) -> Path:
    """The file to read: the exercise's own, or another one that was named.

    Raises:
        CallError: where there is no such file, or none that can be read.
    """
    if file is None and not exercise.file.is_file():
        raise CallError(f"{shown(exercise.file)} is missing: `xor-check reset {exercise.name}` writes a fresh one.")
    if file is not None and not file.is_file():
        kind = "a folder" if file.is_dir() else "missing"
        raise CallError(f"--file {str(file)!r} is {kind}: name the Python file that is to be checked.")
    chosen = file or exercise.file
    try:
        chosen.open("rb").close()
    except OSError as cause:
        raise CallError(f"{shown(chosen)} cannot be read ({cause.strerror}): make it readable.") from cause
    return chosen


def wrapped(text: str) -> str:
    """Prose with its lines broken between words, where it goes to a terminal."""
    width = width_of_output()
    if width is None:
        return text
    wrapper = textwrap.TextWrapper(max(20, width), break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.fill(line) if len(line) > width else line for line in text.split("\n"))


def width_of_output() -> int | None:
    """The columns of the terminal that output goes to; None where it goes elsewhere, and need not fit."""
    return get_terminal_size().columns if is_terminal(sys.stdout) else None


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether somebody sits at the other end; a program may be started without standard streams at all."""
    return stream is not None and stream.isatty()


def shown(path: Path) -> str:
    """A path as a student would write it: from here, where it lies below here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
