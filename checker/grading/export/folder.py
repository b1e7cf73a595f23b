"""All that a run leaves beside its store, in the run's folder: written again by every run, each file in one step.

grades.csv            a row a student, a column a function, and points
class.html            the class: marks, hard functions, common mistakes, near copies
students/*.html       a page for each student, named so that no student can choose the name
near_copies.csv       who is to be looked at
junit.xml             the same for a build server
gradescope/*.json     each submission's results in Gradescope's form
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from checker.course import Course
from checker.grading import near_copies
from checker.grading.export import csv, gradescope, junit, pages
from checker.grading.near_copies import NearCopy
from checker.grading.points import Points
from checker.grading.store import Row, Store
from checker.report.destination import Destination

GRADESCOPE = "gradescope"
REFERENCE = "(the reference solution)"


@dataclass(frozen=True)
class Written:
    """Something that was written."""

    path: Path
    what: str


@contextmanager
def prepared(store: Store, course: Course) -> Generator[None]:
    """Do what takes long and depends on no grade on a thread meanwhile, so that `write` is quick afterwards.

    Args:
        store: where the submissions are.
        course: what they will be compared with.
    """
    thread = Thread(target=_prepare, args=(course, dict(_files(store, course, store.rows()))), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _prepare(course: Course, files: Mapping[str, Mapping[str, str]]) -> None:
    with suppress(Exception):  # whoever writes will meet the error again
        pages.prepare()
        for exercise, texts in files.items():
            known = near_copies.known(course.select(exercise))
            for text in texts.values():
                near_copies.fingerprints(text, known.words)


def write(store: Store, course: Course, points: Points, out: Path) -> list[Written]:
    """Write all of it.

    Args:
        store: what is known of the submissions.
        course: what they were compared with.
        points: what there is to earn.
        out: the folder.

    Raises:
        DestinationError: a file cannot be written.
    """
    rows = store.rows()
    alike = [
        pair
        for exercise, files in _files(store, course, rows)
        for pair in near_copies.find(near_copies.known(course.select(exercise)), exercise, files)
    ]
    kept = [
        (out / "grades.csv", csv.grades(rows, points), "a row a student"),
        (out / "class.html", pages.of_class(rows, points, alike), "the class: marks, mistakes, near copies"),
        (out / "near_copies.csv", _table(alike), "who is to be looked at"),
        (out / "junit.xml", junit.text(rows), "the same for a build server"),
    ]
    for path, text, _ in kept:
        Destination("--out", path).write(text)
    each = [
        (out / pages.STUDENTS, {f"{row.safe_name}.html": row for row in rows}, pages.of_student, "a page a student"),
        (out / GRADESCOPE, {f"{row.safe_name}.json": row for row in rows}, gradescope.text, "results for Gradescope"),
    ]
    for folder, files, text_of, _ in each:
        folder.mkdir(exist_ok=True)
        for name, row in files.items():
            Destination("--out", folder / name).write(text_of(row, points))
        _remove_others(folder, files)
    return [Written(path, what) for path, _, what in kept] + [Written(path, what) for path, _, _, what in each]


def _files(store: Store, course: Course, rows: Sequence[Row]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give, for each exercise that the course still has, the texts that were handed in, by student."""
    there = {exercise.name for exercise in course.exercises}
    for name in store.assignment():
        if name in there:
            handed_in = {row.student: store.file(row.sha256[name]) for row in rows if name in row.sha256}
            yield name, {student: data.decode("utf-8", "replace") for student, data in handed_in.items()}


def _table(alike: Sequence[NearCopy]) -> str:
    header = ["exercise", "student", "other", "percent alike"]
    cells = [
        [pair.exercise, pair.student, REFERENCE if pair.other is None else pair.other, f"{100 * pair.alike:.0f}"]
        for pair in alike
    ]
    return csv.table(header, cells)


def _remove_others(folder: Path, files: Mapping[str, Row]) -> None:
    """Remove the files of students who are no longer there: what is left was made by an earlier run."""
    for path in folder.iterdir():
        if path.name not in files and not path.name.startswith("."):
            with suppress(OSError):
                path.unlink()
