"""Where a course lies on disk, and what can be known of its exercises without running any of their code.

A course is a folder with `exercises/exerciseN_topic.py`, the files that students edit. An exercise exists
where an instructor wrote `solutions/exerciseN_topic/`, in the course folder itself or, for the folder of a
student, in the installed package. The functions of an exercise are the calls `check("name", ...)` in its
`checks.py`, in their order. Everything here is found with `pathlib` and `ast`, so that the board and the
help of the command come at once.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

EXERCISE_NAME = re.compile(r"exercise(\d+)_(\w+)", re.ASCII)


class CourseError(Exception):
    """A course, an exercise or a function that was asked for is not there; the message says the way out."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: the file that a student edits, and the folder that an instructor wrote."""

    number: int
    topic: str
    file: Path
    folder: Path

    @property
    def name(self) -> str:
        """The short name, as a command: `exercise3`."""
        return f"exercise{self.number}"

    @property
    def stem(self) -> str:
        """The full name, as a file without its suffix: `exercise3_transforms`."""
        return f"{self.name}_{self.topic}"

    @property
    def solution(self) -> Path:
        """The right answer."""
        return self.folder / "solution.py"

    @property
    def checks(self) -> Path:
        """What is asked of each function."""
        return self.folder / "checks.py"

    @property
    def misconceptions(self) -> Path:
        """Wrong answers that students really give."""
        return self.folder / "misconceptions.py"

    @property
    def alternatives(self) -> Path:
        """Right answers in other forms."""
        return self.folder / "alternatives.py"

    @property
    def summary(self) -> str:
        """The first line of the solution's docstring."""
        return (ast.get_docstring(parsed(self.solution)) or "").partition("\n")[0]

    @property
    def preload(self) -> tuple[str, ...]:
        """What its workers will import: of the library what its checks name, and what its solution imports."""
        names: list[str] = re.findall(r"\bxorfunc\.\w+", self.checks.read_text("utf-8"))
        for node in parsed(self.solution).body:
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]  # it may be a module
        return tuple(dict.fromkeys(names))

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The names of its functions, in the order of `checks.py`."""
        return tuple(self._hints)

    def hints(self, function: str) -> tuple[str, ...]:
        """The hints for a function, from gentle to nearly the answer.

        Raises:
            CourseError: where the exercise has no such function.
        """
        return self._hints[self.function(function)]

    def function(self, name: str) -> str:
        """The name, if the exercise has a function called so.

        Raises:
            CourseError: otherwise, with the nearest name.
        """
        if name in self.functions:
            return name
        raise CourseError(
            f"{self.name} has no function {name!r}{nearest(name, self.functions)} "
            f"Its functions are {', '.join(self.functions)}."
        )

    @cached_property
    def _hints(self) -> dict[str, tuple[str, ...]]:
        calls = (
            statement.value
            for statement in parsed(self.checks).body
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        )
        return {
            call.args[0].value: _literal_hints(call)
            for call in calls
            if isinstance(call.func, ast.Name)
            and call.func.id == "check"
            and call.args
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
        }


@dataclass(frozen=True)
class Course:
    """A course folder and its exercises, by number."""

    root: Path
    exercises: tuple[Exercise, ...] = field(repr=False)

    def select(self, name: str, *, also: Iterable[str] = ()) -> Exercise:
        """The exercise named `exercise3`, `3`, `transforms`, `exercise3_transforms`, or by its file.

        Args:
            name: what was asked for.
            also: other names that may have been meant.

        Raises:
            CourseError: where there is none, with the nearest name.
        """
        wanted = Path(name)
        # The folder counts too, so that solutions/exercise3_transforms/solution.py is a file of exercise3.
        for word in (wanted.stem, wanted.parent.name) if wanted.suffix == ".py" else (name,):
            for exercise in self.exercises:
                if word in (exercise.name, str(exercise.number), exercise.topic, exercise.stem):
                    return exercise
        having = [exercise for exercise in self.exercises if name in exercise.functions]
        if having:
            raise CourseError(f"{name} is a function of {having[0].name}: name both, as `{having[0].name} {name}`.")
        names = [exercise.name for exercise in self.exercises]
        topics = [exercise.topic for exercise in self.exercises]
        known = [] if name.removeprefix("exercise").isdecimal() else [*names, *topics, *also]
        raise CourseError(
            f"There is no {'exercise or command' if also else 'exercise'} {name!r}{nearest(name, known)} "
            f"This course has {f'{names[0]} to {names[-1]}' if names else 'no exercises'}."
        )


def find(folder: Path | None = None) -> Course:
    """The course in `folder`, else in `$XOR_COURSE`, else the nearest one from the current folder upwards.

    Raises:
        CourseError: where there is none.
    """
    named = folder or (Path(os.environ["XOR_COURSE"]) if os.environ.get("XOR_COURSE") else None)
    if named is not None:
        if not _is_course(named):
            raise CourseError(
                f"No course in {str(named)!r}: a course folder holds exercises/exercise1_....py. "
                "Name another one with --course DIR, or make one with `xor-check init DIR`."
            )
        return _course(named.resolve())
    above = _above(Path.cwd())
    if above is None:
        raise CourseError(
            f"No course in {str(Path.cwd())!r} or above it: go to your course folder, "
            "name it with --course DIR, or make one with `xor-check init DIR`."
        )
    return above


def around(file: Path) -> Course:
    """The course that a file lies in; for a file that lies in none, the one that comes with this program."""
    return _above(file.resolve().parent) or packaged()


def packaged() -> Course:
    """The course that comes with this program: inside an installed package, or the checkout it stands in."""
    return _course(_packaged_root())


def parsed(file: Path) -> ast.Module:
    """The syntax tree of one of the course's own files.

    Raises:
        CourseError: where it is missing or no Python.
    """
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except (OSError, SyntaxError, ValueError) as cause:
        raise CourseError(f"The course's file {file} cannot be read: {cause}.") from cause


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a sentence: a question where one of the names is near, otherwise a full stop.

    >>> nearest("exercice3", ["exercise1", "exercise3", "transforms"])
    ": did you mean 'exercise3'?"
    >>> nearest("exercice3", ["transforms"])
    '.'
    """
    matches = get_close_matches(name, list(names), n=1)
    return f": did you mean {matches[0]!r}?" if matches else "."


def _packaged_root() -> Path:
    package = Path(__file__).parent
    installed = package / "course_files"
    return installed if installed.is_dir() else package.parent


def _above(folder: Path) -> Course | None:
    return next((_course(place) for place in (folder, *folder.parents) if _is_course(place)), None)


def _is_course(folder: Path) -> bool:
    return any(
        EXERCISE_NAME.fullmatch(path.stem)
        for path in (*folder.glob("exercises/exercise*.py"), *folder.glob("solutions/exercise*"))
    )


def _course(root: Path) -> Course:
    """The exercises are those with a solution: what else a student keeps in `exercises/` is their own."""
    solutions = root / "solutions"
    if not solutions.is_dir():
        solutions = _packaged_root() / "solutions"
    found: list[Exercise] = []
    for folder in solutions.glob("exercise*"):
        name = EXERCISE_NAME.fullmatch(folder.name)
        if name and (folder / "checks.py").is_file():
            file = root / "exercises" / f"{folder.name}.py"
            found.append(Exercise(int(name[1]), name[2], file, folder))
    return Course(root, tuple(sorted(found, key=lambda exercise: (exercise.number, exercise.topic))))


def _literal_hints(call: ast.Call) -> tuple[str, ...]:
    for keyword in call.keywords:
        if keyword.arg == "hints":
            try:
                return tuple(ast.literal_eval(keyword.value))
            except ValueError as cause:
                raise CourseError(
                    f"Line {keyword.value.lineno} of checks.py: hints must be a list of plain strings, "
                    "so that they can be read without running the file."
                ) from cause
    return ()
