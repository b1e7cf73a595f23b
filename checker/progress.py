"""How far a student is: what their files show without being run, and what the last checks said.

`standing` puts both together for the board: a function is `passed` when its last check passed and its
source is still the same. What is remembered lies in one readable file, `progress.json` in the course
folder. Losing it loses nothing but the memory of old checks, so a damaged file counts as empty and a folder
that cannot be written is fine.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
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
    """What is remembered of a course: by exercise (its full name), then by function."""

    memories: Mapping[str, Mapping[str, Memory]] = field(default_factory=dict[str, dict[str, Memory]])

    def of(self, exercise: Exercise, function: str) -> Memory:
        """What is remembered of a function; an empty memory where nothing is."""
        return self.memories.get(exercise.stem, {}).get(function, Memory())

    def remember(self, exercise: Exercise, function: str, memory: Memory) -> Progress:
        """The same progress with one memory more, or another one."""
        functions = {**self.memories.get(exercise.stem, {}), function: memory}
        return Progress({**self.memories, exercise.stem: functions})


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


def load(course: Course) -> Progress:
    """What is remembered of a course; whatever cannot be understood is left out."""
    try:
        content: Any = json.loads((course.root / FILE).read_text(encoding="utf-8"))
        return Progress(
            {
                str(exercise): {str(name): _memory(kept) for name, kept in functions.items()}
                for exercise, functions in content["exercises"].items()
                if isinstance(functions, dict)
            }
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Progress()


def save(course: Course, progress: Progress) -> None:
    """Write what is remembered: beside the old file, then in its place, so that no half is ever seen."""
    content = {
        "version": VERSION,
        "exercises": {
            exercise: {name: asdict(memory) for name, memory in functions.items()}
            for exercise, functions in progress.memories.items()
        },
    }
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


def _memory(kept: Any) -> Memory:
    """One entry of the file, which may be of another version or edited by hand."""
    if not isinstance(kept, dict):
        return Memory()
    status, source, hints = (kept.get(name) for name in ("status", "source", "hints"))
    return Memory(
        status if isinstance(status, str) else None,
        source if isinstance(source, str) else None,
        hints if isinstance(hints, int) and hints >= 0 else 0,
    )
