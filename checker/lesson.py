"""A lesson, read and filled in: the text of an exercise, with cells that run and cells that a student writes.

Lessons are Python files of cells (jupytext's percent format). A cell with the tag "student" names a function of the
exercise and is empty; here it gets the function's stub, for whoever reads, or its solution, for whoever proves that the
lesson runs from top to bottom. Text is written for the site; `lesson_text` makes notebooks' text of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.course import Course, Exercise
from checker.stub import definition, stub_of

GIVEN = "# Given with the exercise: what its functions need."


@dataclass(frozen=True)
class Lesson:
    """One lesson and its exercise."""

    file: Path
    exercise: Exercise

    @property
    def name(self) -> str:
        """Its file's name without the suffix: `03-transforms`."""
        return self.file.stem

    def cells(self, *, solved: bool = False) -> Any:
        """The lesson as a notebook without outputs, its student cells filled.

        Args:
            solved: with the solutions instead of the stubs.

        Raises:
            ImportError: jupytext is not installed.
            CourseError: a student cell names a function that the exercise has not.
        """
        import jupytext

        text = self.exercise.solution.read_text("utf-8") if solved else stub_of(self.exercise)
        notebook: Any = jupytext.read(self.file)
        for cell in notebook.cells:
            if is_for(cell, "student"):
                cell.source = definition(text, self.exercise.function(cell.metadata["function"]))
            elif cell.cell_type == "code":
                cell.source = _closer(cell.source)
        first = next((i for i, cell in enumerate(notebook.cells) if is_for(cell, "student")), None)
        if first is not None:
            words = notebook.cells[first - 1].source
            place = first if words.startswith("#") else first - 1  # above what is said of the first function
            notebook.cells.insert(place, _given(text, self.exercise.functions))
        return notebook


def is_for(cell: Any, tag: str) -> bool:
    """Whether a cell has a tag: "student", "check", "given" or "raises-exception"."""
    return tag in cell.metadata.get("tags", [])


def lessons(course: Course) -> tuple[Lesson, ...]:
    """The lessons of a course, in order: `docs/lessons/NN-topic.py`, or `lessons/` in an installed package."""
    folder = next((f for f in (course.root / "lessons", course.root / "docs" / "lessons") if f.is_dir()), None)
    files = sorted(folder.glob("[0-9][0-9]-*.py")) if folder else []
    numbers = {exercise.number: exercise for exercise in course.exercises}
    return tuple(Lesson(file, numbers[int(file.name[:2])]) for file in files if int(file.name[:2]) in numbers)


def _given(text: str, functions: Sequence[str]) -> Any:
    """A cell with what the exercise's file holds beside its docstring and the functions to write."""
    from nbformat import v4

    lines = text.split("\n")
    for node in reversed(ast.parse(text).body):
        if getattr(node, "name", "") in functions or _is_text(node):
            del lines[_first_line(node) - 1 : node.end_lineno]
    return v4.new_code_cell("\n".join([GIVEN, _closer("\n".join(lines).strip())]), metadata={"tags": ["given"]})


def _closer(code: str) -> str:
    """Code with one empty line where a file of a module has two."""
    return re.sub(r"\n{3,}", "\n\n", code)


def _first_line(node: ast.stmt) -> int:
    return min(inner.lineno for inner in (node, *getattr(node, "decorator_list", [])))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
