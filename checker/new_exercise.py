"""A new exercise: four files that hold one example and already prove themselves, to be changed step by step.

They come from `checker/first_exercise/`, as text with `$number` and `$topic` to fill in.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from string import Template

from checker.course import Course, CourseError, Exercise, find

FILES = ("solution.py", "checks.py", "misconceptions.py", "alternatives.py")

TOPIC = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def write(root: Path, number: int, topic: str) -> Exercise:
    """Write the folder of a new exercise, and the course around it where there is none yet.

    Args:
        root: the course folder.
        number: of the exercise.
        topic: what it is about, as part of file names.

    Raises:
        CourseError: if the topic is no name, if number or topic is taken, or if the folder holds the course of a
            student, who has no solutions of their own.
        OSError: a file cannot be written.
    """
    if not TOPIC.fullmatch(topic):
        raise CourseError(
            f"{topic!r} is no topic: it becomes part of file names, so write it in small letters, digits and "
            "underscores, such as linear_regression."
        )
    if number < 0:
        raise CourseError(f"{number} is no number of an exercise: count from 1.")
    for other in _present(root):
        if number == other.number or topic == other.topic:
            free = 1 + max(each.number for each in _present(root))
            raise CourseError(
                f"There is {other.stem} already: choose another {'number' if number == other.number else 'topic'}, "
                f"such as {free if number == other.number else f'{topic}_2'}."
            )
    name = f"exercise{number}_{topic}"
    folder = root / "solutions" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        text = resources.files("checker").joinpath("first_exercise", f"{file}.txt").read_text("utf-8")
        filled = Template(text).substitute(number=number, topic=topic.replace("_", " "))
        with (folder / file).open("x", encoding="utf-8") as opened:  # never over what somebody wrote
            opened.write(filled)
    return Exercise(number, topic, root / "exercises" / f"{name}.py", folder)


def _present(root: Path) -> tuple[Exercise, ...]:
    """The exercises whose solutions stand in the folder itself."""
    try:
        course: Course = find(root)
    except CourseError:
        return ()
    if not (root / "solutions").is_dir():
        raise CourseError(
            f"{str(root)!r} is a student's course: it has exercises and no solutions. "
            "Name another folder with --course DIR, and a course of your own begins there."
        )
    return course.exercises
