"""Lessons as cells: what students get of the exercise, and what a proof runs instead."""

from pathlib import Path

import pytest

from checker import course, lesson
from checker.course import CourseError
from checker.lesson import GIVEN, Lesson, is_for
from tests.checker.tiny_course import write_tiny_course

pytest.importorskip("jupytext", reason="the extra `notebooks` is not installed")

LESSON = """\
# %% [markdown]
# # Shapes

# %%
import torch


def other(x):
    return x


# %% [markdown]
# ## Exercise

# %% [markdown]
# Count the rows.

# %% tags=["student"] function="rows"

# %% [markdown]
# Double all.

# %% tags=["student"] function="double"

# %% tags=["check"]
from checker import check

check("exercise1")
"""


def tiny_lesson(folder: Path, text: str = LESSON) -> Lesson:
    root = write_tiny_course(folder / "tiny")
    (root / "docs" / "lessons").mkdir(parents=True)
    (root / "docs" / "lessons" / "01-shapes.py").write_text(text)
    (found,) = lesson.lessons(course.find(root))
    return found


def sources(found: Lesson, *, solved: bool = False) -> list[str]:
    return [cell.source for cell in found.cells(solved=solved).cells]


def test_a_student_gets_the_stub_of_each_function(tmp_path: Path):
    cells = sources(tiny_lesson(tmp_path))
    assert 'def rows(x: Tensor) -> int:\n    """The number of rows."""\n    raise NotImplementedError' in cells
    assert not any("_factor" in cell for cell in cells)


def test_a_proof_runs_the_solution_and_what_it_needs(tmp_path: Path):
    names = {"__name__": "lesson"}
    for cell in tiny_lesson(tmp_path).cells(solved=True).cells:
        if cell.cell_type == "code" and not is_for(cell, "check"):
            exec(cell.source, names)
    torch = names["torch"]
    assert names["rows"](torch.zeros(3, 2)) == 3
    assert names["double"](torch.ones(1)) == 2


def test_what_is_given_stands_once_above_what_is_said_of_the_first_function(tmp_path: Path):
    cells = sources(tiny_lesson(tmp_path))
    assert cells[2:5] == ["## Exercise", f"{GIVEN}\nfrom torch import Tensor", "Count the rows."]
    assert sum(cell.startswith(GIVEN) for cell in cells) == 1


def test_what_is_given_stands_below_a_heading(tmp_path: Path):
    text = LESSON.replace("# ## Exercise\n\n# %% [markdown]\n", "# ## Exercise\n#\n")
    cells = sources(tiny_lesson(tmp_path, text))
    assert cells[2:4] == ["## Exercise\n\nCount the rows.", f"{GIVEN}\nfrom torch import Tensor"]


def test_cells_have_one_empty_line_where_a_module_has_two(tmp_path: Path):
    assert "import torch\n\ndef other(x):\n    return x" in sources(tiny_lesson(tmp_path))


def test_both_forms_have_the_same_cells(tmp_path: Path):
    found = tiny_lesson(tmp_path)
    assert [cell.metadata for cell in found.cells().cells] == [cell.metadata for cell in found.cells(solved=True).cells]


def test_a_cell_for_a_function_that_the_exercise_has_not_names_the_nearest(tmp_path: Path):
    found = tiny_lesson(tmp_path, LESSON.replace('"rows"', '"row"'))
    with pytest.raises(CourseError, match=r"no function 'row'.*rows"):
        found.cells()


def test_a_lesson_belongs_to_the_exercise_of_its_number(tmp_path: Path):
    root = tiny_lesson(tmp_path).exercise.file.parents[1]
    for name in ("02-sums.py", "03-beyond.py", "notes.py"):
        (root / "docs" / "lessons" / name).write_text(LESSON)
    found = lesson.lessons(course.find(root))
    assert [(each.name, each.exercise.name) for each in found] == [("01-shapes", "exercise1"), ("02-sums", "exercise2")]
