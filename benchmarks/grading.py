"""A class of thousands: how many submissions a minute, in how much memory, and whether each gets the verdict it should.

    python -m benchmarks.grading [--submissions N] [--workers N] [--cluster local:N] [--sandbox none|auto] [--sample N]

The submissions are made from the course's own lists, one exercise each, no two files alike: solutions and right answers
in other forms, known mistakes, stubs, files that do not compile, and a few that hang, crash their process or leave it.
`xor-check grade` grades them as whoever teaches would call it. Memory is the proportional set size of all its processes
together, sampled, at its highest. A sample is graded again, by one judge, one after the other, from the same seed. The
exit code is 1 where a verdict differs between the two, or a solution failed, or a mistake passed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from checker import answer_key
from checker.course import packaged
from checker.grading.store import Store
from checker.validate import expectations

COMMAND = (sys.executable, "-c", "from checker.cli import main; main()", "grade")
MIX = ("passed", "caught", "passed", "caught", "passed", "caught", "passed", "todo", "caught", "broken")
"""What every ten are; every fiftieth harms its process."""
BROKEN = ("def f(:\n", "", "import nowhere_to_be_found\n", "\0", "raise SystemExit\n")
HARMS = ("while True:\n    pass\n", "import os\nos._exit(0)\n", "import ctypes\nctypes.string_at(0)\n")
SAME = ("name", "status", "law", "misconception", "advice", "counterexample", "expected")
"""What is compared: what a file prints or raises may hold addresses, folders of its own, or a set in any order."""
SECONDS = 0.5
"""Between two samples of memory."""


@dataclass(frozen=True)
class Made:
    """A submission, and what must become of one function; of none where it is `None`."""

    exercise: str
    source: str
    function: str | None
    status: str


def submissions(count: int) -> Iterator[Made]:
    """Give so many, no two files alike."""
    lists: dict[str, list[Made]] = {status: [] for status in MIX}
    for exercise in packaged().exercises:
        key = answer_key.load(exercise.folder)
        for one in expectations(exercise, key):
            if "senseless" not in one.label:
                lists[one.status].append(Made(exercise.name, one.source, one.function, one.status))
        lists["broken"] += [Made(exercise.name, text, None, "broken") for text in BROKEN]
    harms = [Made(exercise.name, harm, None, "harm") for harm in HARMS for exercise in packaged().exercises]
    draws = random.Random(0)
    for made in (*lists.values(), harms):
        draws.shuffle(made)
    sources = {status: cycle(made) for status, made in {**lists, "harm": harms}.items()}
    for number in range(count):
        made = next(sources["harm" if number % 50 == 49 else MIX[number % len(MIX)]])
        yield Made(made.exercise, f"{made.source}\n# handed in as number {number}\n", made.function, made.status)


def write(folder: Path, made: Sequence[Made]) -> None:
    for number, one in enumerate(made):
        (folder / student(number)).mkdir(parents=True)
        (folder / student(number) / f"{one.exercise}.py").write_text(one.source, "utf-8")


def student(number: int) -> str:
    return f"student{number:05}"


def grade(folder: Path, out: Path, options: Sequence[str]) -> tuple[float, int]:
    """Grade a class; give the seconds, and the bytes of memory at the highest."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "XOR_COURSE": os.getcwd()}
    seed = folder.parent / "seed"
    seed.write_text("the same for both\n")
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [*COMMAND, str(folder), "--out", str(out), "--secret-seed", str(seed), *options], env=environment
    ) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(memory, descendants(process.pid))))
            time.sleep(SECONDS)
    if process.returncode != 0:
        raise SystemExit(f"xor-check grade ended with exit code {process.returncode}")
    return time.perf_counter() - start, peak


def descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for thread in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in thread.read_text().split()]
    return found


def memory(pid: int) -> int:
    """Give the proportional set size of a process in bytes; 0 where it is gone, or its system has no /proc."""
    with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    return 0


def rows(out: Path) -> dict[str, tuple[str, dict[str, list[Any]]]]:
    """Give what must be the same however a submission was graded."""
    with Store.open(out / "grades.sqlite") as store:
        return {
            row.student: (str(row.state), {n: functions(check) for n, check in row.checks.items()})
            for row in store.rows()
        }


def functions(check: Mapping[str, Any]) -> list[Any]:
    return [{name: one[name] for name in SAME} for one in check["functions"]]


def wrong(made: Made, row: tuple[str, dict[str, list[Any]]]) -> str | None:
    """Say what is wrong with what became of a submission."""
    state, checks = row
    if state != "graded":
        return f"is {state}"
    statuses = {one["name"]: one["status"] for one in checks[made.exercise]}
    if made.function is None:
        return f"passed {statuses}" if "passed" in statuses.values() else None
    status = statuses[made.function]
    right = status == made.status if made.status != "caught" else status not in ("passed", "todo")
    return None if right else f"`{made.function}` is {status} and should be {made.status}"


def main() -> int:
    """Grade, and print what came of it."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--submissions", type=int, default=3000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--cluster")
    arguments.add_argument("--sandbox", choices=("none", "auto"), default="auto")
    arguments.add_argument("--timeout", type=float, default=10.0)
    arguments.add_argument("--sample", type=int, default=20)
    options = arguments.parse_args()
    shared = ["--sandbox", options.sandbox, "--timeout", str(options.timeout)]
    made = list(submissions(options.submissions))
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        whole, part = Path(folder, "class"), Path(folder, "sample")
        write(whole, made)
        where = ["--cluster", options.cluster] if options.cluster else ["--workers", str(options.workers)]
        seconds, peak = grade(whole, Path(folder, "out"), [*where, *shared])
        size = sum(path.stat().st_size for path in Path(folder, "out").glob("grades.sqlite*"))
        found = rows(Path(folder, "out"))
        chosen = random.Random(1).sample(range(len(made)), min(options.sample, len(made)))
        for number in chosen:
            shutil.copytree(whole / student(number), part / student(number))
        serial_seconds, _ = grade(part, Path(folder, "serial"), ["--workers", "1", *shared])
        serial = rows(Path(folder, "serial"))
    differ = [name for name, row in serial.items() if row != found[name]]
    problems = [
        f"{student(n)}, {one.exercise}: {said}" for n, one in enumerate(made) if (said := wrong(one, found[student(n)]))
    ]
    speed = f"{60 * len(made) / seconds:.0f} a minute, start and exports included"
    print(f"{len(made)} submissions in {seconds:.0f} s: {speed}")
    print(f"memory of all processes at most {peak / 2**20:.0f} MiB; the store has {size / 2**20:.1f} MiB")
    print(f"by what they are: {dict(Counter(one.status for one in made))}")
    print(f"a sample of {len(serial)}, one after the other in {serial_seconds:.0f} s: {len(differ)} verdicts differ")
    for name in differ:
        print(f"{name} differs:\n  {json.dumps(found[name])}\n  {json.dumps(serial[name])}")
    print(*problems or ["every verdict is as it should be"], sep="\n")
    return 1 if problems or differ or len(found) != len(made) else 0


if __name__ == "__main__":
    sys.exit(main())
