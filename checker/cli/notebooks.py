"""`xor-check notebooks DIR`: the lessons as notebooks, to read, run and write in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from checker import course
from checker.cli.call import CallError

if TYPE_CHECKING:
    from checker.lesson import Lesson

OPENING = """\
# Run this cell first. On Colab, and wherever the course is not installed yet, it installs it.
%matplotlib inline
import importlib.util

SOURCE = "xorfunc"  # or the address of a repository or a wheel, as pip takes it
if importlib.util.find_spec("xorfunc") is None:
    %pip install -q {SOURCE}"""


def notebooks(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them.", show_default=False)],
) -> None:
    """Write the lessons as notebooks."""
    from checker.lesson import lessons

    found = lessons(course.packaged())
    standing = [folder / f"{lesson.name}.ipynb" for lesson in found if (folder / f"{lesson.name}.ipynb").exists()]
    if standing:
        raise CallError(
            f"{standing[0]} is there already and is left as it is: your answers may be in it. Name another folder."
        )
    try:
        written = {lesson: text_of(lesson) for lesson in found}
    except ImportError as missing:
        raise CallError(
            f"Notebooks are written with jupytext, which is not installed ({missing}): "
            "python -m pip install 'xorfunc[notebooks]'"
        ) from missing
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for lesson, text in written.items():
            (folder / f"{lesson.name}.ipynb").write_text(text, encoding="utf-8")
    except OSError as cause:
        raise CallError(f"{folder} cannot be written ({cause.strerror}): name another folder.") from cause
    typer.echo(f"{len(written)} lessons lie in {folder}. Next: open {folder / f'{found[0].name}.ipynb'} in Jupyter.")


def text_of(lesson: "Lesson", *, solved: bool = False) -> str:
    """A lesson as the text of an .ipynb file.

    Args:
        lesson: which one.
        solved: with solutions in the cells of students.

    Raises:
        ImportError: jupytext is not installed.
    """
    import nbformat

    return nbformat.writes(notebook(lesson, solved=solved))


def notebook(lesson: "Lesson", *, solved: bool = False) -> Any:
    """A lesson as a notebook, with an opening cell that installs what is missing."""
    from checker.lesson_text import for_notebook

    made = lesson.cells(solved=solved)
    from nbformat import v4

    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = for_notebook(cell.source)
    made.cells.insert(1, v4.new_code_cell(OPENING))
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"  # the same file each time
    made.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return made
