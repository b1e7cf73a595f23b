"""`xor-check dev`: for instructors, who write `solutions/` and have the rest made and proved from it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from checker import new_exercise
from checker.cli import check
from checker.cli.call import CallError, CourseOption, ExerciseArgument, FunctionArgument, course_of, shown
from checker.cli.grade import ExercisesOption, named
from checker.course import Course, CourseError, Exercise
from checker.stub import stub_of

dev = typer.Typer(help="For instructors: write exercises, make stubs, prove the checks.", rich_markup_mode=None)

SomeExercise = Annotated[str, typer.Argument(metavar="[EXERCISE|all]", help="Which exercise.")]


@dev.command("new")
def write_new(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the exercise.", show_default=False)],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A word for file names.", show_default=False)],
    folder: CourseOption = None,
) -> None:
    """Write a new exercise: one example that proves itself, to be changed."""
    try:
        exercise = new_exercise.write(_own_course(context), number, topic)
        exercise.file.parent.mkdir(exist_ok=True)
        exercise.file.write_text(stub_of(exercise), encoding="utf-8")
    except OSError as cause:
        raise CallError(f"{cause.filename} cannot be written ({cause.strerror}): make its folder writable.") from cause
    course = _course_argument(context)
    typer.echo(f"{shown(exercise.folder)}{os.sep}")
    for file, what in (
        ("solution.py", "the right answers; their docstrings are the task's text"),
        ("checks.py", "inputs, laws and hints"),
        ("misconceptions.py", "wrong answers, each with the sentence that helps"),
        ("alternatives.py", "right answers in other forms"),
    ):
        typer.echo(f"  {file:18}  {what}")
    typer.echo(f"{shown(exercise.file)}: what students get, made from these")
    typer.echo(
        f"\nIt holds an example, `centered`. Prove it, look at it, then change it:\n"
        f"  xor-check dev validate {exercise.name}{course}    whether the checks hold, and what to add\n"
        f"  xor-check dev preview {exercise.name}{course}     what students will see\n"
        f"  xor-check dev stub {exercise.name}{course}        the students' file again, after each change"
    )


@dev.command("preview")
def show_preview(
    context: typer.Context,
    exercise: ExerciseArgument,
    function: FunctionArgument = None,
    no_color: check.NoColorOption = False,
    folder: CourseOption = None,
) -> None:
    """Show what students see: of the stub, each known mistake, and the right answer."""
    chosen = course_of(context).select(exercise)
    name = None if function is None else chosen.function(function)
    with check.workers(chosen) as workers:
        from checker.preview import preview
        from checker.report.terminal import Terminal  # imports rich

        terminal = Terminal(color=not no_color and not os.environ.get("NO_COLOR"))
        for label, report in preview(workers, chosen, name):
            typer.secho(f"\n\n[{label} of {report.verdicts[0].name}]\n", bold=True)
            terminal.start(report.exercise, report.file, [verdict.name for verdict in report.verdicts])
            for verdict in report.verdicts:
                terminal.line(verdict)
            terminal.finish(report, after=None, total=len(chosen.functions))


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


@dev.command("gradescope")
def write_bundle(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.", show_default=False)],
    exercises: ExercisesOption = None,
    timeout: check.TimeoutOption = check.TIMEOUT,
    package: Annotated[
        str | None,
        typer.Option(
            "--package",
            metavar="WHEEL|NAME",
            help="What pip installs there; this checker by default.",
            show_default=False,
        ),
    ] = None,
    pip: Annotated[
        list[str] | None,
        typer.Option("--pip", metavar="ARGUMENT", help="For pip there, such as --pip=--index-url=URL."),
    ] = None,
    folder: CourseOption = None,
) -> None:
    """Write an autograder for Gradescope: a zip to upload."""
    course = course_of(context)
    chosen = named(course, exercises)
    from checker.grading import autograder, points  # no other command of these needs SQLite

    worth = points.read(course, {exercise.name: exercise.functions for exercise in chosen})
    choice = autograder.Choice(
        [exercise.name for exercise in chosen], check.seconds(timeout), package, tuple(pip or ())
    )
    try:
        made = autograder.write(course, choice, target)
    except autograder.BundleError as cause:
        raise CallError(str(cause)) from cause
    except OSError as cause:
        raise CallError(f"{cause.filename} cannot be written ({cause.strerror}): name another folder.") from cause
    typer.echo(f"{shown(made)}: upload it as the autograder of a programming assignment.")
    typer.echo(f"It grades {', '.join(worth.worth)}, and gives {points.plain(worth.most())} points at most.")
    typer.echo("It holds the solutions: keep it to yourself.")


def _chosen(course: Course, name: str) -> tuple[Exercise, ...]:
    return course.exercises if name == "all" else (course.select(name),)


def _own_course(context: typer.Context) -> Path:
    """The folder for a new exercise: the one that is named, which may be empty, or the course around this one."""
    named = _named_course(context)
    if named is not None:
        return Path(named)
    try:
        return course_of(context).root
    except CourseError as error:
        raise CallError(f"{error} A new course begins with `xor-check dev new 1 TOPIC --course DIR`.") from error


def _named_course(context: typer.Context) -> str | None:
    return context.find_root().params.get("course") or os.environ.get("XOR_COURSE")


def _course_argument(context: typer.Context) -> str:
    named = context.find_root().params.get("course")
    return f" --course {shown(Path(named))}" if named else ""
