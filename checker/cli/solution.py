"""`xor-check solution exercise3 [hvp]`: the right answer, as its author wrote it."""

import typer

from checker.cli.call import CourseOption, ExerciseArgument, FunctionArgument, course_of
from checker.stub import definition


def solution(
    context: typer.Context,
    exercise: ExerciseArgument,
    function: FunctionArgument = None,
    folder: CourseOption = None,
) -> None:
    """Show the right answer."""
    chosen = course_of(context).select(exercise)
    text = chosen.solution.read_text(encoding="utf-8")
    typer.echo(text.rstrip() if function is None else definition(text, chosen.function(function)))
