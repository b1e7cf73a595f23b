"""Kill -9 anything at any moment while a class is graded, go on, and look whether anything was lost.

    python -m benchmarks.kills [--rounds N] [--sandbox none|auto] [--seed N]

Each round is one kill: of a judge, a worker, a zygote, the judges' nursery, the run itself or all of them at once, at a
random moment; or of whichever process comes first to one of the places that `checker.grading.faults` names. A trigger
in the store notes each result when it is recorded. The exit code is 1 unless, over all rounds,

- no result that was recorded is lost, and none was recorded twice;
- each student has one row, and the verdicts are those of a run that nobody disturbed;
- no process and no scratch is left over.

Needs Linux's /proc. It kills nothing but what it has started: what descends from its own runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from checker.grading.faults import POINTS, VARIABLE
from checker.grading.store import Store
from tests.checker.tiny_course import SHAPES_SOLUTION, SHAPES_STUB, SUMS_SOLUTION, write_tiny_course

TARGETS = ("judge", "worker", "zygote", "nursery", "run", "all")
COMMAND = (sys.executable, "-c", "from checker.cli import main; main()", "grade")
PATIENCE = 180.0
"""Seconds for one run."""
LEAVING = 10.0
"""Seconds in which what a killed run has left must be gone."""
TRIGGER = """
CREATE TABLE noted (unit INTEGER, result TEXT);
CREATE TRIGGER note AFTER UPDATE ON units WHEN NEW.state = 'done'
BEGIN INSERT INTO noted VALUES (NEW.id, NEW.result); END;
"""

Verdicts = Mapping[str, tuple[str, Mapping[str, list[str]]]]


def write_class(folder: Path) -> None:
    """Ten students, each with files of their own, right, wrong and unfinished; two exercises each."""
    shapes = (SHAPES_SOLUTION, SHAPES_STUB, SHAPES_SOLUTION.replace("x.shape[1]", "x.shape[0]"))
    sums = (SUMS_SOLUTION, SUMS_SOLUTION.replace("x.sum()", "x.mean()"))
    for number in range(10):
        student = folder / f"student{number}"
        student.mkdir(parents=True)
        (student / "exercise1_shapes.py").write_text(f"{shapes[number % 3]}# {number}\n")
        (student / "exercise2_sums.py").write_text(f"{sums[number % 2]}# {number}\n")


@dataclass
class Place:
    """A course, a class, and where its grades are kept."""

    root: Path
    sandbox: str
    graded: int = 0
    """How many classes were graded to the end."""

    @property
    def out(self) -> Path:
        """The folder of grades of the class that is being graded."""
        return self.root / f"out{self.graded}"

    def prepare(self) -> None:
        """Make a store that notes what is recorded."""
        self.out.mkdir()
        Store.open(self.out / "grades.sqlite").close()
        with closing(sqlite3.connect(self.out / "grades.sqlite")) as store:
            store.executescript(TRIGGER)

    def start(self, fault: str = "") -> subprocess.Popen[bytes]:
        """Start a run, or let it go on."""
        arguments = ("class", "--out", str(self.out), "--sandbox", self.sandbox, "--workers", "2")
        environment = {**os.environ, "PYTHONPATH": os.getcwd(), "XOR_COURSE": str(self.root / "tiny"), VARIABLE: fault}
        with open(self.root / "log.txt", "ab") as log:
            return subprocess.Popen(
                [*COMMAND, *arguments], cwd=self.root, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def verdicts(self) -> Verdicts:
        """Give the state of each student, and the statuses of their functions by exercise."""
        with Store.open(self.out / "grades.sqlite") as store:
            return {
                row.student: (
                    str(row.state),
                    {name: [one["status"] for one in check["functions"]] for name, check in row.checks.items()},
                )
                for row in store.rows()
            }

    def recorded(self) -> dict[int, str]:
        """Give the results that count now, by unit."""
        with closing(sqlite3.connect(self.out / "grades.sqlite", timeout=60)) as store:
            return dict(store.execute("SELECT id, result FROM units WHERE state = 'done'"))

    def noted(self) -> list[tuple[int, str]]:
        """Give every result that was ever recorded."""
        with closing(sqlite3.connect(self.out / "grades.sqlite", timeout=60)) as store:
            return store.execute("SELECT unit, result FROM noted").fetchall()


@dataclass
class Tally:
    """What was done, and what went wrong."""

    kills: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    left_over: int = 0

    def look(self, place: Place) -> None:
        """Compare what counts with what was recorded."""
        counts, noted = place.recorded(), place.noted()
        self.lost += sum(counts.get(unit) != result for unit, result in noted)
        self.doubled += len(noted) - len({unit for unit, _ in noted})


# Processes


def family(run: int) -> dict[str, list[int]]:
    """Give what descends from a run, by what it is: a nursery forks judges, those zygotes, and those workers."""
    nurseries = [pid for pid in children(run) if "checker.grading.nursery" in called(pid)]
    judges = [judge for nursery in nurseries for judge in children(nursery)]
    zygotes = [zygote for judge in judges for child in children(judge) for zygote in [child, *rooms(child)]]
    workers = [worker for zygote in zygotes for worker in children(zygote) if worker not in zygotes]
    return {"judge": judges, "zygote": zygotes, "worker": workers, "nursery": nurseries, "run": [run]}


def rooms(pid: int) -> list[int]:
    """Give what bubblewrap has started, down to the zygote in the room."""
    if "bwrap" not in called(pid):
        return []
    return [found for child in children(pid) for found in [child, *rooms(child)]]


def children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in thread.read_text().split()]
    return found


def called(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def stands_in(pid: int, out: Path) -> bool:
    """Whether a process stands in the scratch of a run, as judges and workers do."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd").startswith(f"{out}/scratch-")
    return False


def left_over(out: Path, known: set[int]) -> list[int]:
    """Give the processes that are still there some seconds after their run has ended."""
    last = time.monotonic() + LEAVING
    while True:
        there = [int(entry) for entry in os.listdir("/proc") if entry.isdecimal() and int(entry) != os.getpid()]
        left = [pid for pid in there if stands_in(pid, out) or (pid in known and "checker" in called(pid))]
        if not left or time.monotonic() > last:
            return left
        time.sleep(0.05)


def kill(pids: list[int]) -> int:
    """Kill processes that this program's own runs have started; give how many were there."""
    killed = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


# Rounds


def disturb(place: Place, target: str, draws: random.Random, tally: Tally) -> None:
    """Have one run killed, or one of its processes, and look at what it leaves."""
    known: set[int] = set()
    hit = False
    if target in POINTS:
        once = place.root / "once"
        once.write_text("")
        run = place.start(f"{target}:{draws.randint(1, 3)}:{once}")
    else:
        run = place.start()
    more = draws.choice((0, draws.randint(1, 12)))  # so many results come before the kill; half hit a run that starts
    enough = len(place.recorded()) + more
    struck = time.monotonic() + draws.uniform(0.0, 2.5) if more == 0 and target not in POINTS else None
    last = time.monotonic() + PATIENCE
    while run.poll() is None:
        found = family(run.pid)
        known.update(pid for pids in found.values() for pid in pids)
        if struck is None and target not in POINTS and not hit and len(place.recorded()) >= enough:
            struck = time.monotonic() + draws.uniform(0.0, 0.1)
        if struck is not None and not hit and time.monotonic() > struck:
            victims = [pid for pids in found.values() for pid in pids] if target == "all" else found[target]
            draws.shuffle(victims)
            if kill(victims if target == "all" else victims[:1]):
                tally.kills[target] += 1
                hit = True
        if time.monotonic() > last:
            tally.faults.append(f"{target}: still at work after {PATIENCE:.0f} seconds")
            kill([run.pid])
        time.sleep(0.01)
    run.wait()
    if target in POINTS and not (place.root / "once").exists():
        tally.kills[target] += 1
    if left := left_over(place.out, known):
        tally.left_over += len(left)
        tally.faults.append(f"{target}: left over {[called(pid)[:80] for pid in left]}")
    if run.returncode not in (0, -signal.SIGKILL):
        tally.faults.append(f"{target}: exit code {run.returncode}")
    tally.look(place)


def finish(place: Place, undisturbed: Verdicts, tally: Tally) -> None:
    """Let the last run go to its end, and compare with a run that nobody disturbed."""
    if place.start().wait(PATIENCE) != 0:
        tally.faults.append("the last run failed")
    tally.look(place)
    if place.verdicts() != undisturbed:
        tally.faults.append(f"other verdicts in {place.out}: {json.dumps(place.verdicts())}")
    if scratch := [path.name for path in place.out.glob("scratch-*")]:
        tally.left_over += len(scratch)
        tally.faults.append(f"left over {scratch}")
    place.graded += 1


def play(root: Path, targets: Sequence[str], sandbox: str, seed: int, *, show: bool = False) -> Tally:
    """Kill so many times.

    Args:
        root: an empty folder.
        targets: what is killed, and where, one a round.
        sandbox: as for `xor-check grade`.
        seed: decides what is killed, and when.
        show: whether to print each round.
    """
    write_tiny_course(root / "tiny")
    write_class(root / "class")
    draws, tally, place = random.Random(seed), Tally(), Place(root, sandbox)
    place.prepare()
    place.start().wait(PATIENCE)
    undisturbed = place.verdicts()
    assert {state for state, _ in undisturbed.values()} == {"graded"}, (root / "log.txt").read_text()
    place.graded += 1
    place.prepare()
    for number, target in enumerate(targets):
        before = tally.kills.total()
        disturb(place, target, draws, tally)
        if show:
            done = "killed" if tally.kills.total() > before else "had ended"
            print(
                f"{number + 1:4}  {target:10} {done:10} {len(place.recorded()):3} recorded", *tally.faults, flush=True
            )
        if len(place.recorded()) == 2 * len(undisturbed) or number == len(targets) - 1:
            finish(place, undisturbed, tally)
            place.prepare()
    return tally


def main() -> int:
    """Print what became of it."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--sandbox", choices=("none", "auto"), default="none")
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    targets = list(islice(cycle((*TARGETS, *POINTS)), options.rounds))
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        tally = play(Path(folder), targets, options.sandbox, options.seed, show=True)
    print(f"{tally.kills.total()} kills: " + ", ".join(f"{count} {target}" for target, count in tally.kills.items()))
    print(f"results lost {tally.lost}, doubled {tally.doubled}; processes and scratch left over {tally.left_over}")
    print(*tally.faults or ["nothing else went wrong"], sep="\n")
    return 1 if tally.faults or tally.lost or tally.doubled or tally.left_over else 0


if __name__ == "__main__":
    sys.exit(main())
