"""`xor-check examples exercise3 [FUNCTION]`: what should come out? Examples first, held against what is known."""

import ast
import os
from pathlib import Path

import typer

from checker.cli import check
from checker.cli.call import CallError, CourseOption, ExerciseArgument, FunctionArgument, course_of, shown
from checker.course import Exercise
from checker.stub import stub_of

START = '''"""Examples for exercise {number}: what should come out? Said before the functions are written.

An example is a call and what it gives, worked out by hand or by thinking. Take small numbers, and let no two sizes be
equal. Which wrong function would your example notice?

    example("name", argument, another, gives=result)

The result is of the very kind, shape and dtype; numbers are compared to four digits. Where an exception is right, write
raises=ValueError instead of gives=. Where one call is not all, say what to do with the function:

    example("name", call=lambda name: name(f)(x), gives=result)

Then run `xor-check examples {name}`.
"""

import torch
from torch import tensor

from checker import example
'''


def examples(
    context: typer.Context,
    exercise: ExerciseArgument,
    function: FunctionArgument = None,
    folder: CourseOption = None,
    timeout: check.TimeoutOption = check.TIMEOUT,
    no_color: check.NoColorOption = False,
) -> None:
    """Try the examples that you wrote before the functions."""
    course = course_of(context)
    chosen = course.select(exercise)
    functions = list(chosen.functions) if function is None else [chosen.function(function)]
    seconds = check.seconds(timeout)
    file = course.root / "examples" / f"{chosen.name}.py"
    if not file.exists():
        _write(file, start_of(chosen))
        typer.echo(f"{shown(file)} is new: write examples into it, then run this command again.")
        raise typer.Exit(1)
    if not os.access(file, os.R_OK) or not file.is_file():
        raise CallError(f"{shown(file)} cannot be read: it must be a file of yours.")
    with check.workers(chosen) as ready:
        from checker import answer_key  # after the fork, since no worker may hold an answer but the one it tries
        from checker.examples import Examples, ExamplesError
        from checker.report.rehearsal import Rehearsal

        screen = Rehearsal(color=not no_color and not os.environ.get("NO_COLOR"))
        screen.start(chosen.name, shown(file), functions)
        asked = Examples(ready, chosen, file, course.root, answer_key.load(chosen.folder), seconds)
        try:
            tried = asked.rehearse(functions, screen.line)
        except ExamplesError as error:
            from checker.report.marks import harmless

            typer.echo(harmless(str(error)))
            raise typer.Exit(1) from error
        screen.finish(chosen.name, tried, shown(file))
    raise typer.Exit(0 if all(one.holds for one in tried) else 1)


def start_of(exercise: Exercise) -> str:
    """The file that examples are written into: how to say one, and a place for each function."""
    definitions = {
        node.name: node
        for node in ast.parse(stub_of(exercise)).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    text = START.format(number=exercise.number, name=exercise.name)
    for name in exercise.functions:
        node = definitions[name]
        told = (ast.get_docstring(node) or "").partition("\n")[0]
        arguments = [] if isinstance(node, ast.ClassDef) else [each.arg for each in node.args.args]
        call = ", ".join([f'"{name}"', *arguments, "gives=..."])
        text += f"\n# {name}: {told}\n# example({call})\n"
    return text


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as cause:
        raise CallError(f"{shown(file)} cannot be written ({cause.strerror}): make its folder writable.") from cause
