"""A store with a small class in it: every state, every status, and text that means harm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checker.grading import record
from checker.grading.store import MAX_TRIES, State, Store
from checker.verdict import Report, Status, Verdict
from tests.checker.reports import HARMFUL, REPORT

SHAPES = ("rows", "columns", "double")
FUNCTIONS = {"exercise1": SHAPES, "exercise2": ("total",)}
"""Those of the tiny course."""

TOKEN = "3.hvp.agrees.0.0g014d2pf2d02002ndtm0"

HOSTILE = f"=cmd|' /C calc'!A0 {HARMFUL}".replace("\ud800", "")
"""A student's name: an operating system has no lone surrogates for us."""


def report(exercise: str, statuses: Mapping[str, Status]) -> Report:
    """A report whose functions have these statuses, with all that can be said of them."""
    examples = {verdict.status: verdict for verdict in REPORT.verdicts}
    verdicts: list[Verdict] = []
    for name, status in statuses.items():
        kept = {**vars(examples[status]), "name": name, "failures": (), "seconds": 0.25}
        verdicts.append(Verdict(**kept))
    return Report(exercise, "cpu", 7, tuple(verdicts), 1.5)


def check(exercise: str, *statuses: Status) -> dict[str, Any]:
    """A record of the same."""
    return record.of(report(exercise, dict(zip(FUNCTIONS[exercise], statuses, strict=True))))


def fill(store: Store, grades: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Have these students graded.

    Args:
        store: an empty one.
        grades: by student and exercise, the record of the check.
    """
    store.assign(FUNCTIONS, {"exercise1": 1, "exercise2": 2})
    among = {"exercise1": "v", "exercise2": "v"}
    for student, checks in grades.items():
        files = {exercise: f"# {student}'s {exercise}".encode("utf-8", "replace") for exercise in checks}
        store.hand_in(student, f"class/{student}", files, among=among, seed="s")
        for exercise in checks:
            unit = store.claim("token", [exercise])
            assert unit is not None
            assert store.record(unit, "token", checks[exercise])


def fill_with_every_state(store: Store) -> None:
    """A class of all states."""
    fill(
        store,
        {
            "alice": {"exercise1": check("exercise1", *["passed"] * 3), "exercise2": check("exercise2", "passed")},
            "bob": {"exercise1": check("exercise1", "passed", "todo", "failed")},
            HOSTILE: {"exercise1": check("exercise1", "error", "crashed", "timeout")},
        },
    )
    among = {"exercise1": "v", "exercise2": "v"}
    problems = {"carol": State.NOTHING_FOUND, "dave": State.UNREADABLE, "erin": State.REFUSED}
    for student, problem in problems.items():
        store.hand_in(student, f"class/{student}", {}, among=among, seed="s", problem=problem, reason=HARMFUL[:9])
    for student, ending in (("frank", State.CRASHED), ("grace", State.PARKED)):
        store.hand_in(student, f"class/{student}", {"exercise2": student.encode()}, among=among, seed="s")
        for _ in range(MAX_TRIES):
            unit = store.claim("token", ["exercise2"])
            assert unit is not None
            store.failed(unit, "token", ending, "its judge ended (SIGKILL)")
    store.hand_in("heidi", "class/heidi", {"exercise1": b"heidi"}, among=among, seed="s")


def every_state(folder: Path) -> Path:
    """The path of such a store."""
    path = folder / "grades.sqlite"
    with Store.open(path) as store:
        fill_with_every_state(store)
    return path
