"""`xor-check reset exercise3`: the untouched file again, with the old one kept beside it."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import typer

from checker import progress
from checker.cli.call import CallError, CourseOption, ExerciseArgument, course_of, shown
from checker.course import Exercise
from checker.progress import Progress
from checker.stub import stub_of


def reset(context: typer.Context, exercise: ExerciseArgument, folder: CourseOption = None) -> None:
    """Start an exercise again; the old file is kept."""
    course = course_of(context)
    chosen = course.select(exercise)
    fresh = stub_of(chosen)
    try:
        if chosen.file.is_file() and chosen.file.read_bytes() == fresh.encode():
            typer.echo(f"{shown(chosen.file)} is fresh already. Next: xor-check {chosen.name}")
            return
        kept = keep(chosen.file) if chosen.file.exists() else None
        chosen.file.parent.mkdir(exist_ok=True)
        chosen.file.write_text(fresh, encoding="utf-8")
    except OSError as cause:
        raise CallError(
            f"{shown(chosen.file)} cannot be written ({cause.strerror}): make its folder writable, "
            "or start elsewhere with `xor-check init DIR`."
        ) from cause
    progress.save(course, _without_hints(progress.load(course), chosen))
    if kept is not None:
        typer.echo(f"Your old file is kept as {shown(kept)}")
    typer.echo(f"{shown(chosen.file)} is fresh. Next: xor-check {chosen.name}")


def _without_hints(remembered: Progress, exercise: Exercise) -> Progress:
    """Whoever starts again sees the hints again from the first."""
    for function in exercise.functions:
        memory = remembered.of(exercise, function)
        if memory.hints:
            remembered = remembered.remember(exercise, function, replace(memory, hints=0))
    return remembered


def keep(file: Path) -> Path:
    """Copy a file to the first numbered name beside it that is free."""
    for number in count(1):
        kept = file.with_name(f"{file.stem}.backup{number}.py")
        try:
            with kept.open("xb") as copy:  # fails where the name is taken: no copy is ever overwritten
                copy.write(file.read_bytes())
        except FileExistsError:
            continue
        return kept
    raise AssertionError("numbers do not end")
