"""The lessons keep to their form, so that the site, the notebooks and a reader find the same in each."""

import re

import pytest

from checker import course, lesson
from checker.lesson import Lesson, is_for

jupytext = pytest.importorskip("jupytext", reason="the extra `notebooks` is not installed")

LESSONS = lesson.lessons(course.packaged())


def cells(each: Lesson):
    return jupytext.read(each.file).cells


def text(each: Lesson) -> str:
    return "\n\n".join(cell.source for cell in cells(each) if cell.cell_type == "markdown")


def test_every_exercise_has_its_lesson():
    exercises = course.packaged().exercises
    assert [(each.name, each.exercise) for each in LESSONS] == [(f"{e.number:02}-{e.topic}", e) for e in exercises]


every_lesson = pytest.mark.parametrize("each", LESSONS, ids=lambda each: each.name)


@every_lesson
def test_the_sections_stand_in_their_order(each: Lesson):
    headings = re.findall(r"(?m)^(##? .*)$", re.sub(r"(?s)```.*?```", "", text(each)))
    assert headings[0].startswith("# ")
    assert sum(heading.startswith("# ") for heading in headings) == 1
    assert headings[1] == "## What you will be able to do"
    assert headings[-4:] == ["## Pitfalls", "## Quizzes", "## Exercise", "## Where to read on"]


@every_lesson
def test_every_function_of_the_exercise_has_one_empty_cell_and_the_check_follows(each: Lesson):
    code = [cell for cell in cells(each) if cell.cell_type == "code"]
    students = [cell for cell in code if is_for(cell, "student")]
    assert sorted(cell.metadata["function"] for cell in students) == sorted(each.exercise.functions)
    assert not any(cell.source for cell in students)
    assert is_for(code[-1], "check")
    assert code[-1].source == f'from checker import check\n\ncheck("{each.exercise.name}")'


@every_lesson
def test_quizzes_have_their_answers_folded(each: Lesson):
    quizzes = text(each).partition("## Quizzes")[2].partition("## Exercise")[0]
    assert 2 <= len(re.findall(r'(?m)^\?\?\? question ".+"\n    \S', quizzes)) <= 6
    assert not re.search(r"(?m)^\?\?\?\+", quizzes)


@every_lesson
def test_pitfalls_are_warnings(each: Lesson):
    pitfalls = text(each).partition("## Pitfalls")[2].partition("## Quizzes")[0]
    assert len(re.findall(r'(?m)^!!! warning "Pitfall: .+"\n    \S', pitfalls)) >= 3
