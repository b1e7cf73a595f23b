"""The guide for instructors, followed word for word."""

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from checker import new_exercise, sandbox, validate
from checker.course import find, packaged
from checker.grading import points
from checker.grading.store import State
from checker.stub import stub_of

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "instructors.md").read_text("utf-8")


def files() -> Iterator[tuple[str, str]]:
    """The files that it shows, by path."""
    yield from re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', GUIDE, re.MULTILINE | re.DOTALL)


def problems(root: Path, *, with_the_change: bool) -> list[str]:
    """Begin the exercise, write its files, make the stub, and prove it."""
    exercise = new_exercise.write(root, 13, "softmax")
    for path, text in files():
        if path.startswith("solutions/"):
            (root / path).write_text(text)
    if with_the_change:
        imports, laws = re.findall(r"^```python\n(.*stable.*\n)```", GUIDE, re.MULTILINE)
        checks = re.sub(r"from checker.spec import .*\n", imports, exercise.checks.read_text())
        exercise.checks.write_text(re.sub(r"    laws=.*\n", laws, checks))
    exercise.file.parent.mkdir()
    exercise.file.write_text(stub_of(exercise))
    with sandbox.start() as workers:
        return validate.validate(workers, find(root).exercises[0]).problems


@pytest.mark.slow
def test_its_exercise_is_proved_and_lacks_a_law_before_that(tmp_path: Path):
    (problem,) = problems(tmp_path / "before", with_the_change=False)
    assert problem in " ".join(GUIDE.split())
    assert problems(tmp_path / "after", with_the_change=True) == []


def test_it_shows_the_four_files_of_an_exercise():
    assert [path for path, _ in files() if path.startswith("solutions/")] == [
        f"solutions/exercise13_softmax/{name}" for name in new_exercise.FILES
    ]


def test_its_points_are_read():
    content = tomllib.loads(dict(files())["course.toml"], parse_float=Decimal)
    course = packaged()
    worth = points.of(content, course, {one.name: one.functions for one in course.exercises})
    assert worth.most("exercise3") == 10
    assert worth.worth["exercise9"]["probability_grid"] == Decimal("2.5")


@pytest.mark.parametrize("state", State)
def test_it_explains_every_state(state: State):
    assert f"\n| {state} | " in GUIDE
