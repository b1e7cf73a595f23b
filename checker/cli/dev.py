"""`xor-check dev`: for instructors, who write `solutions/` and have the rest made and proved from it."""

from typing import Annotated

import typer

from checker.cli.call import CourseOption, course_of, shown
from checker.course import Course, Exercise
from checker.stub import stub_of

dev = typer.Typer(help="For instructors: make stubs, prove the checks.", rich_markup_mode=None)

SomeExercise = Annotated[str, typer.Argument(metavar="[EXERCISE|all]", help="Which exercise.")]


@dev.command("stub")
def write_stubs(
    context: typer.Context,
    exercise: SomeExercise = "all",
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit 1 where one differs.")] = False,
    folder: CourseOption = None,
) -> None:
    """Make the files of students from the solutions."""
    differing = False
    for chosen in _chosen(course_of(context), exercise):
        stub = stub_of(chosen)
        if chosen.file.is_file() and chosen.file.read_text(encoding="utf-8") == stub:
            continue
        differing = True
        if check:
            typer.echo(f"{shown(chosen.file)} differs: xor-check dev stub {chosen.name}")
        else:
            chosen.file.parent.mkdir(exist_ok=True)
            chosen.file.write_text(stub, encoding="utf-8")
            typer.echo(f"{shown(chosen.file)} written")
    if not differing:
        typer.echo("Every stub is as its solution makes it.")
    raise typer.Exit(1 if differing and check else 0)


@dev.command("validate")
def validate_checks(
    context: typer.Context,
    exercise: SomeExercise = "all",
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Judge with so many seeds.")] = 1,
    mutants: Annotated[bool, typer.Option("--mutants", help="Judge small changes of the solutions, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    folder: CourseOption = None,
) -> None:
    """Prove that right answers pass, and that wrong ones are caught and named."""
    chosen = _chosen(course_of(context), exercise)
    from checker import validate  # imports torch

    raise typer.Exit(validate.run(chosen, seeds=seeds, with_mutants=mutants, as_json=as_json))


def _chosen(course: Course, name: str) -> tuple[Exercise, ...]:
    return course.exercises if name == "all" else (course.select(name),)
