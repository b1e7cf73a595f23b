"""`xor-check solution exercise3 [hvp]`: the right answer, as its author wrote it, for whoever needs it no more."""

from typing import Annotated

import typer

from checker import progress
from checker.cli.call import CallError, CourseOption, ExerciseArgument, FunctionArgument, course_of
from checker.course import Course, Exercise
from checker.stub import definition


def solution(
    context: typer.Context,
    exercise: ExerciseArgument,
    function: FunctionArgument = None,
    give_up: Annotated[bool, typer.Option("--give-up", help="Also before your own function passes.")] = False,
    folder: CourseOption = None,
) -> None:
    """Show the right answer, once yours has passed."""
    course = course_of(context)
    chosen = course.select(exercise)
    functions = chosen.functions if function is None else (chosen.function(function),)
    if not give_up:
        open_ones = still_open(course, chosen, functions)
        if open_ones:
            raise CallError(_not_yet(chosen, function, open_ones))
    typer.echo(answer(chosen, function))


def answer(exercise: Exercise, function: str | None = None) -> str:
    """The text of the right answer, of one function or of the whole file."""
    text = exercise.solution.read_text(encoding="utf-8")
    return text.rstrip() if function is None else definition(text, function).rstrip("\n")


def still_open(course: Course, exercise: Exercise, functions: tuple[str, ...]) -> list[str]:
    """Those of the functions whose last check did not pass."""
    remembered = progress.load(course)
    return [name for name in functions if remembered.of(exercise, name).status != "passed"]


def _not_yet(exercise: Exercise, function: str | None, open_ones: list[str]) -> str:
    call = f"xor-check solution {exercise.name}{'' if function is None else f' {function}'} --give-up"
    if function is not None:
        return (
            f"{function} has not passed yet, so its answer is not shown. "
            f"`xor-check hint {exercise.name} {function}` helps; `{call}` shows it all the same."
        )
    passed = [name for name in exercise.functions if name not in open_ones]
    other = f"`xor-check solution {exercise.name} {passed[0]}` shows one of those that have; " if passed else ""
    return (
        f"{len(open_ones)} of {len(exercise.functions)} functions have not passed yet, so the answers are not shown. "
        f"{other}`{call}` shows them all the same."
    )
