"""Bare `xor-check`: where the student is, and the next function to write. It runs no file, it reads them."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Mapping

import typer

from checker import progress
from checker.cli.call import shown, width_of_output
from checker.course import Course, Exercise
from checker.progress import Standing
from checker.report.marks import bar, mark

WIDTH = 12
"""Of a progress bar, in characters."""
LEAST = 16
"""Characters for words; where there are fewer, the bar goes first."""

WORDS: tuple[tuple[Standing, str], ...] = (
    ("passed", "passed"),
    ("failed", "not right yet"),
    ("changed", "changed since its check"),
    ("written", "not checked yet"),
    ("missing", "missing"),
    ("todo", "to do"),
)
"""What the board says of each standing, in the order in which it says it."""


def show(course: Course) -> None:
    """Print a line an exercise, and what to do next."""
    typer.echo(text(course, width_of_output()))


def text(course: Course, width: int | None = None) -> str:
    """A line an exercise, or a few where they would be wider than `width`, and what to do next."""
    remembered = progress.load(course)
    standings = {exercise: progress.standing(exercise, remembered) for exercise in course.exercises}
    room = max((len(exercise.stem) for exercise in course.exercises), default=0)
    lines = [_line(exercise, functions, room, width) for exercise, functions in standings.items()]
    return "\n".join([f"Your course in {course.root}", "", *lines, "", next_step(standings)])


def next_step(standings: Mapping[Exercise, Mapping[str, Standing]]) -> str:
    """The first function that needs work, and the command that helps on."""
    for exercise, functions in standings.items():
        file = shown(exercise.file)
        if not exercise.file.is_file():
            return f"Next: {file} is missing; xor-check reset {exercise.name} writes a fresh one."
        for function, standing in functions.items():
            command = f"xor-check {exercise.name} {function}"
            match standing:
                case "passed":
                    continue
                case "todo" | "missing":
                    return f"Next: write {function} in {file}\nthen:  {command}"
                case "broken":
                    return f"Next: {file} is no valid Python yet\nsee:   xor-check {exercise.name}"
                case "failed":
                    return f"Next: change {function} in {file}\nthen:  {command}"
                case "written" | "changed":
                    return f"Next: {command}"
    if not standings:
        return "This course has no exercise."
    return "Everything passes: that was the whole course. xor-check all checks it once more."


def _line(exercise: Exercise, functions: Mapping[str, Standing], room: int, width: int | None) -> str:
    counts = Counter(functions.values())
    passed, total = counts["passed"], len(functions)
    status = "passed" if passed == total else "todo" if counts["todo"] == total else "started"
    tick = mark(status, sys.stdout) if status != "started" else " " * len(mark("todo", sys.stdout))
    if not exercise.file.is_file():
        words = "the file is missing"
    elif counts["broken"]:
        words = "no valid Python yet"
    else:
        words = ", ".join(f"{counts[standing]} {words}" for standing, words in WORDS if counts[standing])
    head = f"  {tick} {exercise.stem.ljust(room)} "
    if width is None or width > len(head) + WIDTH + LEAST:
        head += f"{bar(passed, total, WIDTH, sys.stdout)} "
    if width is None:
        return head + words
    indent = " " * (len(head) if width > len(head) + LEAST else 6)
    start = head if width > len(head) + LEAST else f"{head.rstrip()}\n{indent}"
    return start + f"\n{indent}".join(textwrap.wrap(words, max(10, width - len(indent))))
