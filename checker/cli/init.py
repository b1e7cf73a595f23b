"""`xor-check init DIR`: a fresh course folder, with the exercises and nothing of the answers."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from checker import course
from checker.cli.call import CallError
from checker.stub import stub_of

README = """\
# Your course

Open the files in `exercises/` one after the other, write the functions, and ask what holds:

    xor-check                        where you are, and what to write next
    xor-check watch                  check on every save
    xor-check exercise1              check an exercise
    xor-check exercise1 FUNCTION     check one function of it
    xor-check hint exercise1 FUNCTION
    xor-check examples exercise1     what should come out? said before you write, and checked
    xor-check reset exercise1        start it again; your file is kept
    xor-check notebooks lessons      the lessons that go with the exercises, to read and run in Jupyter
    xor-check --help                 everything else

What you passed and which hints you saw is remembered in `progress.json`; deleting it does no harm.
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.", show_default=False)],
) -> None:
    """Make a fresh course folder."""
    write_course(folder)
    go = "" if folder.resolve() == Path.cwd() else f"    cd {shlex.quote(str(folder))}\n"
    typer.echo(f"A fresh course lies in {folder}. Next:\n\n{go}    xor-check")


def write_course(folder: Path) -> None:
    """Write the untouched exercises of the course that comes with this program.

    Raises:
        CallError: where a file stands in the way or cannot be written; nothing is overwritten.
    """
    files = {Path("exercises", exercise.file.name): stub_of(exercise) for exercise in course.packaged().exercises}
    files[Path("README.md")] = README
    for file in (Path("exercises"), *files):
        if (folder / file).exists():
            raise CallError(
                f"{folder / file} is there already and is left as it is: name another folder. "
                "For a fresh file of one exercise, go to your course and run `xor-check reset exercise1`."
            )
    try:
        (folder / "exercises").mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as cause:
        raise CallError(f"{folder} cannot be written ({cause.strerror}): name another folder.") from cause
