"""`xor-check hint exercise3 hvp`: one more hint each time, from gentle to nearly the answer."""

from dataclasses import replace
from typing import NamedTuple

import typer

from checker import progress
from checker.cli.call import CallError, CourseOption, ExerciseArgument, FunctionArgument, course_of, wrapped
from checker.cli.solution import still_open
from checker.course import Course, Exercise


class Seen(NamedTuple):
    """The hints for a function that were seen by now, and how many there are."""

    hints: tuple[str, ...]
    total: int

    @property
    def left(self) -> int:
        """How many were not seen yet."""
        return self.total - len(self.hints)


def hint(
    context: typer.Context,
    exercise: ExerciseArgument,
    function: FunctionArgument = None,
    folder: CourseOption = None,
) -> None:
    """Show one more hint for a function."""
    course = course_of(context)
    chosen = course.select(exercise)
    if function is None:
        open_ones = still_open(course, chosen, chosen.functions)
        guess = f" Your next one is {open_ones[0]}: `xor-check hint {chosen.name} {open_ones[0]}`." if open_ones else ""
        raise CallError(f"A hint for which function?{guess} {chosen.name} has {', '.join(chosen.functions)}.")
    before = seen(course, chosen, function)
    after = one_more(course, chosen, function)
    fresh = after.hints[len(before.hints) :] or after.hints  # all of them, once there is no new one
    for number, text in enumerate(fresh, start=after.total - after.left - len(fresh) + 1):
        typer.echo(f"hint {number} of {after.total} for {function}:\n\n{wrapped(text)}\n")
    typer.echo(what_next(chosen, function, after))


def seen(course: Course, exercise: Exercise, function: str) -> Seen:
    """The hints that were shown already.

    Raises:
        CourseError: where the exercise has no such function.
    """
    hints = exercise.hints(function)
    return Seen(hints[: progress.load(course).of(exercise, function).hints], len(hints))


def one_more(course: Course, exercise: Exercise, function: str) -> Seen:
    """The hints that were shown already and the next one, which counts as shown from now on."""
    hints = exercise.hints(function)
    remembered = progress.load(course)
    memory = remembered.of(exercise, function)
    number = min(memory.hints + 1, len(hints))
    if number != memory.hints:
        progress.save(course, remembered.remember(exercise, function, replace(memory, hints=number)))
    return Seen(hints[:number], len(hints))


def what_next(exercise: Exercise, function: str, shown: Seen) -> str:
    """What helps after these hints."""
    if shown.left:
        return f"{shown.left} more: xor-check hint {exercise.name} {function}"
    told = (
        f"There is no hint for {function}."
        if not shown.total
        else f"There are no more hints for {function}. Try once more: xor-check {exercise.name} {function}"
    )
    return f"{told}\nThe answer, if you give up: xor-check solution {exercise.name} {function} --give-up"
