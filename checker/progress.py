"""How far a student is: what their files show without being run, and what the last checks said.

`standing` puts both together for the board: a function is `passed` when its last check passed and its
source is still the same. What is remembered lies in one readable file, `progress.json` in the course
folder. Whatever in it is not understood, such as what a newer version of this program remembers, is kept as
it is. Losing the file loses nothing but the memory of old checks, so a folder that cannot be written is fine,
and a damaged file is kept aside under another name.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal

from checker.course import Course, Exercise
from checker.draft import Draft, read
from checker.verdict import Verdict

FILE = "progress.json"
VERSION = 1

Standing = Literal["passed", "failed", "changed", "written", "todo", "missing", "broken"]
"""What a board shows: `written` was never checked, `changed` was checked before its last change."""


@dataclass(frozen=True)
class Memory:
    """What is remembered of one function."""

    status: str | None = None
    """Of its last check."""
    source: str | None = None
    """A hash of what was checked."""
    hints: int = 0
    """How many hints were shown."""


@dataclass(frozen=True)
class Progress:
    """What is remembered of a course: the content of its file, whatever else may stand in it."""

    content: Mapping[str, Any] = field(default_factory=lambda: {"version": VERSION, "exercises": {}})

    def of(self, exercise: Exercise, function: str) -> Memory:
        """What is remembered of a function; an empty memory where nothing is."""
        return _memory(_inside(self._functions(exercise), function))

    def remember(self, exercise: Exercise, function: str, memory: Memory) -> Progress:
        """The same progress with one memory more, or another one."""
        functions = self._functions(exercise)
        entry = {**_inside(functions, function), **asdict(memory)}
        exercises = {**_inside(self.content, "exercises"), exercise.stem: {**functions, function: entry}}
        return Progress({**self.content, "exercises": exercises})

    def _functions(self, exercise: Exercise) -> Mapping[str, Any]:
        return _inside(_inside(self.content, "exercises"), exercise.stem)


def standing(exercise: Exercise, progress: Progress) -> dict[str, Standing]:
    """Where each function of an exercise stands, in the order of the exercise."""
    draft = read(exercise)
    standings: dict[str, Standing] = {}
    for name, writing in draft.writing.items():
        memory = progress.of(exercise, name)
        if writing != "written" or memory.status in (None, "todo", "missing", "invalid"):
            standings[name] = writing
        elif memory.source != draft.hashes.get(name):
            standings[name] = "changed"
        else:
            standings[name] = "passed" if memory.status == "passed" else "failed"
    return standings


def load(course: Course, say: Callable[[str], None] | None = None) -> Progress:
    """What is remembered of a course.

    Args:
        course: whose file is read.
        say: is told where a damaged file was kept; by default on standard error.
    """
    file = course.root / FILE
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        if not (isinstance(content, dict) and isinstance(content.get("exercises", {}), dict)):
            raise ValueError("it holds no exercises")
        return Progress(content)
    except FileNotFoundError:
        return Progress()
    except (OSError, ValueError, RecursionError) as damage:
        (say or _say)(_set_aside(file, damage))
        return Progress()


def save(course: Course, progress: Progress) -> None:
    """Write what is remembered: beside the old file, then in its place, so that no half is ever seen."""
    version = progress.content.get("version")
    content = {**progress.content, "version": max(VERSION, version) if isinstance(version, int) else VERSION}
    beside: str | None = None
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{FILE}.", dir=course.root)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        os.replace(beside, course.root / FILE)
    except OSError:  # a read-only folder: what was checked was checked, only the memory of it is lost
        if beside is not None:
            with suppress(OSError):
                os.unlink(beside)


def checked(progress: Progress, exercise: Exercise, verdicts: Iterable[Verdict], draft: Draft) -> Progress:
    """The progress after a check of the exercise's own file, as it was read before the check."""
    for verdict in verdicts:
        if verdict.status == "invalid" and "broken" in draft.writing.values():
            continue  # half a line somewhere in the file says nothing about this function
        memory = replace(
            progress.of(exercise, verdict.name),
            status=verdict.status,
            source=draft.hashes.get(verdict.name),
        )
        progress = progress.remember(exercise, verdict.name, memory)
    return progress


def _inside(content: Any, name: str) -> dict[str, Any]:
    """A part of the file, empty where there is none or none that is understood."""
    part: Any = content.get(name)
    return part if isinstance(part, dict) else {}


def _memory(kept: Mapping[str, Any]) -> Memory:
    """One entry of the file, which may be of another version or edited by hand."""
    status, source, hints = (kept.get(name) for name in ("status", "source", "hints"))
    return Memory(
        status if isinstance(status, str) else None,
        source if isinstance(source, str) else None,
        hints if isinstance(hints, int) and hints >= 0 else 0,
    )


def _set_aside(file: Path, damage: Exception) -> str:
    """Move a damaged file to the first numbered name that is free, and say so."""
    names = (file.with_name(f"{file.stem}.damaged{number}{file.suffix}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    try:
        file.rename(aside)
    except OSError as cause:
        return f"{file.name} cannot be read ({_short(damage)}) nor moved ({cause.strerror}): it is left as it is."
    return f"{file.name} cannot be read ({_short(damage)}): it is kept as {aside.name}, and a new one begins."


def _short(damage: Exception) -> str:
    return (damage.strerror if isinstance(damage, OSError) else None) or str(damage).partition("\n")[0]


def _say(text: str) -> None:
    print(f"xor-check: {text}", file=sys.stderr)
