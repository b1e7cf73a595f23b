"""What students handed in, found by a few rules, and never more than one submission a student.

- A **class** is a folder of submissions, one an entry. A folder is a submission itself where it, or its `exercises/`,
  holds a file that is named as an exercise's.
- A **submission** is a folder, an archive (`.zip`, `.tar.gz`, `.tgz`) or loose files, and is named after the student.
- A **file** is for the exercise that its name says: `exercise3_transforms.py` or `exercise3.py`. A loose file has the
  student in front, `alice_exercise3.py`; or it is `alice.py`, where only one exercise is graded. Loose files of one
  student are one submission.
- Of several files for an exercise the one that lies highest counts. Two at the same height are refused, and so is a
  student who handed in twice.
- What systems and editors leave behind is nobody's, by a list of names. Whatever else begins with a dot is handed in as
  all else is. Within a submission it counts where there is nothing else, so that no folder of some tool is in the way.

What is wrong with a submission is part of it: it gets its row like any other.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from checker.course import Exercise
from checker.grading import archive, folder
from checker.grading.folder import Folder
from checker.grading.handed_in import HandedIn, Refused, Unreadable, is_litter, is_out_of_sight, shown
from checker.grading.store import State

EXERCISE_FILE = re.compile(
    r"(?:(?P<student>.+?)[ _.-]+)?(?P<name>exercise\d+(?:_\w+?)?)(?: ?\(\d+\)|-\d+)?\.py", re.ASCII
)
"""With what browsers and course platforms add to a name that they have seen before."""

MAX_CLASS = 100_000


@dataclass(frozen=True)
class Submission:
    """All that one student handed in, as far as it is for the exercises that are graded."""

    student: str
    source: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """By exercise."""
    problem: State | None = None
    """Why there is nothing to grade."""
    reason: str = ""


@dataclass(frozen=True)
class Names:
    """The exercises that are graded, and how files are named for them."""

    exercises: Sequence[Exercise]

    def exercise(self, file: str, *, loose: bool = False) -> tuple[str | None, str] | None:
        """Give the student, where the name says whose it is, and the exercise that a file is for.

        Args:
            file: the file's name.
            loose: whether nothing around it says whose it is.
        """
        match = EXERCISE_FILE.fullmatch(file) or EXERCISE_FILE.fullmatch(file.lstrip("."))
        for exercise in self.exercises:
            if match is not None and match["name"] in (exercise.name, exercise.stem):
                return match["student"], exercise.name
        if loose and match is None and len(self.exercises) == 1 and file.endswith(".py"):
            return file.removesuffix(".py"), self.exercises[0].name
        return None

    def expected(self) -> str:
        """Say how a file should be named."""
        example = self.exercises[0]
        return f"{example.stem}.py" if len(self.exercises) == 1 else f"{example.stem}.py and the like"


def read(paths: Iterable[Path], exercises: Sequence[Exercise]) -> Iterator[Submission]:
    """Give the submissions in these places, one a student, each read when its turn comes.

    Args:
        paths: files, archives and folders, as they were named.
        exercises: what is graded.

    Raises:
        OSError: a place that was named cannot be opened.
    """
    names = Names(exercises)
    found: dict[str, list[_Part]] = {}
    for path in paths:
        for part in _parts(path, names):
            found.setdefault(part.student, []).append(part)
    for student in sorted(found):
        yield _whole(student, found[student], names)


@dataclass(frozen=True)
class _Part:
    """A submission, or a loose file of one."""

    student: str
    source: str
    files: Callable[[Names], dict[str, bytes]]
    loose: bool = False


def _whole(student: str, parts: Sequence[_Part], names: Names) -> Submission:
    sources = ", ".join(part.source for part in parts)
    try:
        if len(parts) > 1 and not all(part.loose for part in parts):
            raise Refused(f"handed in {len(parts)} times ({sources}): leave one of them")
        files: dict[str, bytes] = {}
        for part in parts:
            for exercise, data in part.files(names).items():
                if exercise in files:
                    raise Refused(f"several files for {exercise} ({sources}): leave one of them")
                files[exercise] = data
    except Refused as refused:
        return Submission(student, sources, problem=State.REFUSED, reason=str(refused))
    except Unreadable as broken:
        return Submission(student, sources, problem=State.UNREADABLE, reason=str(broken))
    if not files:
        reason = f"no file is named as an exercise that is graded: {names.expected()}"
        return Submission(student, sources, problem=State.NOTHING_FOUND, reason=reason)
    return Submission(student, sources, files)


def _parts(path: Path, names: Names) -> Iterator[_Part]:
    """Give the submissions at a place that was named."""
    whole = path.absolute()
    if not path.is_dir():
        around = str(whole.parent)
        with folder.opened(around):
            yield _part(around, whole.name, str(path), names, default=shown(whole.parent.name))
        return
    here = path.resolve()
    with folder.opened(str(here)) as opened:
        entries = opened.names(MAX_CLASS)
        if _is_submission(opened, entries):
            yield _Part(shown(here.name), shown(str(path)), lambda names: _of_folder(str(here), names))
            return
    for name in entries:
        yield _part(str(here), name, os.path.join(path, name), names)


def _is_submission(opened: Folder, entries: Sequence[str]) -> bool:
    if any(map(_is_an_exercises, entries)):
        return True
    if "exercises" in entries:
        try:
            with opened.enter("exercises") as inner:
                return inner is not None and any(map(_is_an_exercises, inner.names()))
        except (Refused, Unreadable):
            return True
    return False


def _is_an_exercises(file: str) -> bool:
    """Whether a file is named as an exercise's, one that is graded or another, and not as a student's."""
    match = EXERCISE_FILE.fullmatch(file)
    return match is not None and match["student"] is None


def _part(around: str, name: str, source: str, names: Names, default: str | None = None) -> _Part:
    """Give what one entry of a folder is: an archive, a folder, or a loose file."""
    source = shown(source)
    is_folder = stat.S_ISDIR(os.lstat(os.path.join(around, name)).st_mode)
    kind = archive.kind(name)
    student = (name[: -len(kind)] or name) if kind is not None else name if is_folder else Path(name).stem
    if kind is not None and not is_folder:
        return _Part(shown(student), source, lambda names: _of_archive(around, name, names))
    loose = names.exercise(name, loose=True)
    if loose is not None:
        owner = loose[0] or default or Path(name).stem
        return _Part(shown(owner), source, lambda names: _of_file(around, name, loose[1]), loose=True)
    of_another = None if is_folder else EXERCISE_FILE.fullmatch(name)
    if of_another is not None:  # of an exercise that is not graded: it says whose it is, and no more
        student = of_another["student"] or default or student
    return _Part(shown(student), source, lambda names: _of_entry(around, name, names), loose=of_another is not None)


def _of_archive(around: str, name: str, names: Names) -> dict[str, bytes]:
    with folder.opened(around) as opened:
        data = opened.read(name, archive.MAX_ARCHIVE)
    return _chosen(
        lambda without: (file for file in archive.files(name, data) if not any(map(without, file.parts))), names
    )


def _of_file(around: str, name: str, exercise: str) -> dict[str, bytes]:
    with folder.opened(around) as opened, opened.enter(name) as inner:
        if inner is not None:
            return {}
        return {exercise: HandedIn((name,), lambda: folder.content(opened, name)).read()}


def _of_entry(around: str, name: str, names: Names) -> dict[str, bytes]:
    with folder.opened(around) as opened, opened.enter(name) as inner:
        if inner is None:
            return {}
        return _chosen(lambda without: folder.files(inner, below=1, without=without), names)


def _of_folder(path: str, names: Names) -> dict[str, bytes]:
    with folder.opened(path) as opened:
        return _chosen(lambda without: folder.files(opened, without=without), names)


def _chosen(handed_in: Callable[[Callable[[str], bool]], Iterable[HandedIn]], names: Names) -> dict[str, bytes]:
    """Give the file for each exercise, among all that lie in a submission: what is out of sight where nothing else is.

    Args:
        handed_in: gives the files, without those that have such a name, or lie in a folder of such a name.
        names: what they are for.
    """
    return _highest(handed_in(is_out_of_sight), names) or _highest(handed_in(is_litter), names)


def _highest(handed_in: Iterable[HandedIn], names: Names) -> dict[str, bytes]:
    highest: dict[str, list[tuple[int, str, Callable[[], bytes]]]] = {}
    for file in handed_in:
        found = names.exercise(file.parts[-1])
        if found is None:
            continue
        candidates = highest.setdefault(found[1], [])
        depth = len(file.parts)
        if not candidates or depth <= candidates[0][0]:
            if candidates and depth < candidates[0][0]:
                candidates.clear()
            data = file.read()
            candidates.append((depth, file.path, lambda data=data: data))
    for exercise, candidates in highest.items():
        if len(candidates) > 1:
            paths = " and ".join(shown(path) for _, path, _ in candidates[:3])
            raise Refused(
                f"several files for {exercise} ({paths}): leave one of them. "
                "If this is a whole class, unpack it and name its folder"
            )
    return {exercise: candidates[0][2]() for exercise, candidates in highest.items()}
