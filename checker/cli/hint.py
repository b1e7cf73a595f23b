"""`xor-check hint exercise3 hvp`: one more hint each time, from gentle to nearly the answer."""

from dataclasses import replace

import typer

from checker import progress
from checker.cli.call import CallError, CourseOption, ExerciseArgument, FunctionArgument, course_of


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
        raise CallError(f"A hint for which function? {chosen.name} has {', '.join(chosen.functions)}.")
    hints = chosen.hints(function)
    answer = f"xor-check solution {chosen.name} {function}"
    if not hints:
        typer.echo(f"There is no hint for {function}; the answer is shown by: {answer}")
        return
    remembered = progress.load(course)
    memory = remembered.of(chosen, function)
    position = memory.hints % len(hints)  # after the last one they start again
    typer.echo(f"hint {position + 1} of {len(hints)} for {function}:\n\n{hints[position]}\n")
    if position + 1 < len(hints):
        typer.echo(f"One more: xor-check hint {chosen.name} {function}")
    else:
        typer.echo(f"That was the last one. Try: xor-check {chosen.name} {function}\nThe answer: {answer}")
    progress.save(course, remembered.remember(chosen, function, replace(memory, hints=position + 1)))
