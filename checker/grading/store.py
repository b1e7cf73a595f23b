"""What was handed in and what became of it, in one SQLite file that any kill leaves whole.

A **unit** is one file for one exercise, graded with one course version and one seed. These four are its key, so a file
that was handed in before is never graded again. A run claims a unit with its token and a lease; the result and the
word `done` come in one transaction, which counts only as long as the claim does: so nothing is lost and nothing is
recorded twice. A **submission** is all that one student handed in, and always one row:

    with Store.open(out / "grades.sqlite") as store:
        for row in store.rows():
            print(row.student, row.state, row.reason, row.score, row.checks.get("exercise3"))

`rows`, `assignment`, `runs` and `file` are all that an export needs; the rest is for the run. Keep the store on a local
disk: SQLite's write-ahead log does not work over a network.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from time import sleep
from typing import Any, Self

from checker.grading import faults

LEASE = 60.0
"""Seconds that a claim holds unless it is renewed."""
MAX_TRIES = 3
"""So many judges may die of one unit before it is parked."""

VERSION = 1
SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL, started REAL NOT NULL, finished REAL, facts TEXT NOT NULL
);
CREATE TABLE assignment (exercise TEXT PRIMARY KEY, place INTEGER NOT NULL, functions TEXT NOT NULL);
CREATE TABLE files (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE units (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL REFERENCES files, exercise TEXT NOT NULL, course TEXT NOT NULL, seed TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'claimed', 'done', 'crashed', 'parked')),
    tries INTEGER NOT NULL DEFAULT 0, token TEXT, lease REAL,
    reason TEXT NOT NULL DEFAULT '', result TEXT, graded REAL,
    UNIQUE (sha256, exercise, course, seed),
    CHECK ((state = 'done') = (result IS NOT NULL))
);
CREATE INDEX units_by_state ON units (state, tries, id);
CREATE TABLE submissions (
    student TEXT PRIMARY KEY, source TEXT NOT NULL, problem TEXT, reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE handed_in (
    student TEXT NOT NULL REFERENCES submissions ON DELETE CASCADE, exercise TEXT NOT NULL,
    unit INTEGER NOT NULL REFERENCES units, PRIMARY KEY (student, exercise)
);
CREATE INDEX handed_in_by_unit ON handed_in (unit);
"""


class State(StrEnum):
    """What became of a submission."""

    GRADED = "graded"
    NOTHING_FOUND = "nothing found"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    CRASHED = "crashed"
    """The checker itself failed on it, again and again."""
    PARKED = "parked"
    """It ended the process that judged it, again and again."""
    WAITING = "waiting"
    """A run was stopped before its turn came: the next one goes on with it."""


@dataclass(frozen=True)
class Row:
    """One submission: there is exactly one for each student."""

    student: str
    """As the submission is named. It is the student's own text: escape it wherever it goes."""
    source: str
    """Where it was found."""
    state: State
    reason: str
    """In words, empty where graded."""
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    """By exercise, the object that `xor-check exercise3 --json` prints, with null for the seed, which is secret.
    An exercise that was not handed in, or that is not graded yet, is not there."""
    sha256: Mapping[str, str] = field(default_factory=dict[str, str])
    """By exercise, the digest of the file that was graded."""

    @property
    def score(self) -> int:
        """How many functions passed, in all exercises."""
        return sum(check["score"] for check in self.checks.values())

    @property
    def safe_name(self) -> str:
        """A name for this student's files that no student can choose."""
        return hashlib.sha256(self.student.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Run:
    """One call of the command: when, and what was so at the time."""

    started: float
    finished: float | None
    facts: Mapping[str, Any]
    """`versions`, `course` (by exercise), `timeout`, `sandbox`: see `run`."""


@dataclass(frozen=True)
class Unit:
    """One file for one exercise, claimed."""

    id: int
    exercise: str
    course: str
    data: bytes
    tries: int


@dataclass(frozen=True)
class Progress:
    """How far the units of this store are."""

    done: int
    """Graded, crashed or parked: nothing more will be done about them."""
    total: int


class Store:
    """The open file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a store, and make it where there is none.

        Raises:
            ValueError: the file is no store of ours, or of another version.
        """
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(closing(sqlite3.connect(path, timeout=60.0, isolation_level=None)))
                store = cls(connection)
                store._prepare(path)
            except sqlite3.DatabaseError as error:
                raise ValueError(f"{str(path)!r} is no store of grades ({error}): name another folder") from error
            stack.pop_all()
        return store

    def _prepare(self, path: Path) -> None:
        with self._transaction():
            self._check_version(path)  # before anything is changed
        self._write_ahead()
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self._transaction() as at:
            if self._check_version(path) == 0:
                for statement in SCHEMA.split(";\n"):
                    at.execute(statement)
                at.execute(f"PRAGMA user_version = {VERSION}")

    def _write_ahead(self) -> None:
        for _ in range(600):
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                sleep(0.1)  # another run makes the same store: SQLite itself does not wait here
            else:
                return

    def _check_version(self, path: Path) -> int:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        is_new = version == 0 and not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        if version != VERSION and not is_new:
            raise ValueError(
                f"{str(path)!r} is a store of version {version}, and this program writes {VERSION}: "
                "name another folder, or take the program that made it"
            )
        return version

    # Reading

    def rows(self) -> list[Row]:
        """Give every submission's row, by student."""
        handed_in: dict[str, list[tuple[Any, ...]]] = {}
        for student, *unit in self._connection.execute(
            "SELECT student, h.exercise, sha256, state, reason, result FROM handed_in h JOIN units u ON unit = u.id "
            "JOIN assignment a ON a.exercise = h.exercise ORDER BY a.place"
        ):
            handed_in.setdefault(student, []).append(tuple(unit))
        found = self._connection.execute("SELECT student, source, problem, reason FROM submissions ORDER BY student")
        return [
            _row(student, source, problem, reason, handed_in.get(student, []))
            for student, source, problem, reason in found
        ]

    def assignment(self) -> dict[str, tuple[str, ...]]:
        """Give the functions of each exercise that is graded, in the order of the course."""
        found = self._connection.execute("SELECT exercise, functions FROM assignment ORDER BY place")
        return {exercise: tuple(json.loads(functions)) for exercise, functions in found}

    def runs(self) -> list[Run]:
        """Give the calls of the command, the latest last."""
        found = self._connection.execute("SELECT started, finished, facts FROM runs ORDER BY id")
        return [Run(started, finished, json.loads(facts)) for started, finished, facts in found]

    def file(self, sha256: str) -> bytes:
        """Give what is in a file that was handed in.

        Raises:
            KeyError: there is none with this digest.
        """
        found = self._connection.execute("SELECT data FROM files WHERE sha256 = ?", (sha256,)).fetchone()
        if found is None:
            raise KeyError(sha256)
        return found[0]

    def progress(self) -> Progress:
        """Count what is done among the units that some submission needs."""
        done, total = self._connection.execute(
            "SELECT COALESCE(SUM(state IN ('done', 'crashed', 'parked')), 0), COUNT(*) FROM units "
            "WHERE id IN (SELECT unit FROM handed_in)"
        ).fetchone()
        return Progress(done, total)

    def waiting(self, exercises: Sequence[str]) -> int:
        """Count the units of these exercises that can be claimed."""
        return self._connection.execute(
            f"SELECT COUNT(*) FROM units u WHERE {_claimable(exercises)}", (time.time(), *exercises)
        ).fetchone()[0]

    # What was handed in

    def begin(self, token: str, facts: Mapping[str, Any]) -> None:
        """Write down that a run begins."""
        self._connection.execute(
            "INSERT INTO runs (token, started, facts) VALUES (?, ?, ?)", (token, time.time(), json.dumps(facts))
        )

    def end(self, token: str) -> None:
        """Write down that a run has ended by itself."""
        self._connection.execute("UPDATE runs SET finished = ? WHERE token = ?", (time.time(), token))

    def assign(self, exercises: Mapping[str, Sequence[str]], places: Mapping[str, int]) -> None:
        """Add exercises to those that are graded.

        Args:
            exercises: the functions of each.
            places: where each stands in the course.
        """
        with self._transaction() as at:
            at.executemany(
                "INSERT OR REPLACE INTO assignment VALUES (?, ?, ?)",
                [(name, places[name], json.dumps(list(functions))) for name, functions in exercises.items()],
            )

    def hand_in(
        self,
        student: str,
        source: str,
        files: Mapping[str, bytes],
        *,
        among: Mapping[str, str],
        seed: str,
        problem: State | None = None,
        reason: str = "",
    ) -> None:
        """Take in a submission, or take it in again: what has not changed stays graded.

        Args:
            student: whose it is.
            source: where it was found.
            files: by exercise, what to grade.
            among: the course versions of the exercises that were looked for; what else was handed in before stays.
            seed: what stands for the seed.
            problem: why there is nothing to grade.
            reason: the same in words.
        """
        with self._transaction() as at:
            at.execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?) ON CONFLICT (student) DO UPDATE SET "
                "source = excluded.source, problem = excluded.problem, reason = excluded.reason",
                (student, source, problem, reason),
            )
            for exercise in among:
                at.execute("DELETE FROM handed_in WHERE student = ? AND exercise = ?", (student, exercise))
            for exercise, data in files.items():
                sha256 = hashlib.sha256(data).hexdigest()
                key = (sha256, exercise, among[exercise], seed)
                at.execute("INSERT OR IGNORE INTO files VALUES (?, ?)", (sha256, data))
                at.execute("INSERT OR IGNORE INTO units (sha256, exercise, course, seed) VALUES (?, ?, ?, ?)", key)
                at.execute(
                    "INSERT INTO handed_in SELECT ?, ?, id FROM units "
                    "WHERE (sha256, exercise, course, seed) = (?, ?, ?, ?)",
                    (student, exercise, *key),
                )

    def regrade(self, student: str | None, exercises: Sequence[str]) -> int:
        """Forget results, so that they are found again; give how many.

        Args:
            student: whose; everybody's where None.
            exercises: in which exercises.
        """
        with self._transaction() as at:
            whose = "" if student is None else "AND student = ?"
            return at.execute(
                "UPDATE units SET state = 'waiting', tries = 0, token = NULL, lease = NULL, reason = '', "
                "result = NULL, graded = NULL WHERE (state != 'waiting' OR tries > 0) AND id IN "
                f"(SELECT unit FROM handed_in WHERE exercise IN ({_marks(exercises)}) {whose})",
                (*exercises, *([] if student is None else [student])),
            ).rowcount

    # Claims

    def claim(self, token: str, exercises: Sequence[str]) -> Unit | None:
        """Take a unit that nobody is at work on, if there is one; it is the token's until its lease ends."""
        with self._transaction() as at:
            first = at.execute(
                f"SELECT id FROM units u WHERE {_claimable(exercises)} ORDER BY tries, id LIMIT 1",
                (time.time(), *exercises),
            ).fetchone()
            if first is None:
                return None
            lease = time.time() + LEASE
            at.execute("UPDATE units SET state = 'claimed', token = ?, lease = ? WHERE id = ?", (token, lease, *first))
            found = at.execute(
                "SELECT id, exercise, course, data, tries FROM units JOIN files USING (sha256) WHERE id = ?", first
            ).fetchone()
        faults.point("claimed")
        return Unit(*found)

    def renew(self, token: str) -> None:
        """Prolong all claims of a token."""
        self._connection.execute(
            "UPDATE units SET lease = ? WHERE state = 'claimed' AND token = ?", (time.time() + LEASE, token)
        )

    def record(self, unit: Unit, token: str, result: Mapping[str, Any]) -> bool:
        """Write down a result, unless the claim was lost meanwhile; say whether it counted."""
        text = json.dumps(result, allow_nan=False)
        with self._transaction() as at:
            counted = at.execute(
                "UPDATE units SET state = 'done', result = ?, graded = ?, token = NULL, lease = NULL, reason = '' "
                "WHERE id = ? AND state = 'claimed' AND token = ?",
                (text, time.time(), unit.id, token),
            ).rowcount
            faults.point("recording")
        faults.point("recorded")
        return counted == 1

    def failed(self, unit: Unit, token: str, state: State, reason: str) -> bool:
        """Count a try that gave no result; say whether it was the last one, after which the unit has this state."""
        with self._transaction() as at:
            at.execute(
                "UPDATE units SET tries = tries + 1, token = NULL, lease = NULL, reason = ?, graded = ?, "
                "state = CASE WHEN tries + 1 >= ? THEN ? ELSE 'waiting' END "
                "WHERE id = ? AND state = 'claimed' AND token = ?",
                (reason, time.time(), MAX_TRIES, state, unit.id, token),
            )
            now = at.execute("SELECT state FROM units WHERE id = ?", (unit.id,)).fetchone()
        return now[0] == state

    def release(self, token: str) -> None:
        """Give back all claims of a token: its run is stopping, or is gone."""
        self._connection.execute(
            "UPDATE units SET state = 'waiting', token = NULL, lease = NULL WHERE state = 'claimed' AND token = ?",
            (token,),
        )

    def claimants(self, exercises: Sequence[str]) -> list[str]:
        """Give the tokens that hold claims on units of these exercises."""
        marks = _marks(exercises)
        found = self._connection.execute(
            f"SELECT DISTINCT token FROM units WHERE state = 'claimed' AND exercise IN ({marks})", tuple(exercises)
        )
        return [token for (token,) in found]

    # The connection

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _claimable(exercises: Sequence[str]) -> str:
    """What holds of a unit `u` that can be claimed; its parameters are the time and the exercises."""
    return (
        f"(state = 'waiting' OR (state = 'claimed' AND lease < ?)) AND exercise IN ({_marks(exercises)}) "
        "AND EXISTS (SELECT 1 FROM handed_in h WHERE h.unit = u.id)"
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _row(student: str, source: str, problem: str | None, reason: str, units: list[tuple[Any, ...]]) -> Row:
    checks = {exercise: json.loads(result) for exercise, _, _, _, result in units if result is not None}
    sha256 = {exercise: digest for exercise, digest, *_ in units}
    if problem is not None:
        return Row(student, source, State(problem), reason, checks, sha256)
    for state in (State.PARKED, State.CRASHED):
        reasons = [f"{exercise}: {why}" for exercise, _, now, why, _ in units if now == state]
        if reasons:
            return Row(student, source, state, "; ".join(reasons), checks, sha256)
    waiting = [exercise for exercise, _, now, _, _ in units if now in ("waiting", "claimed")]
    if waiting:
        return Row(student, source, State.WAITING, f"not graded yet: {', '.join(waiting)}", checks, sha256)
    return Row(student, source, State.GRADED, reason, checks, sha256)
