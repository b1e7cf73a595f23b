"""What becomes of a function that harms its process, and of the functions beside it.

    python -m benchmarks.harms [--timeout SECONDS]

Each file of `tests/checker/harms` is put in the place of `add` in a solved exercise 1. The table shows the status that
`add` gets and after how many seconds, and whether the functions before and after it still get their own verdicts. The
exit code is 1 where they do not, or where a harm gets another status than a harm can have.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from checker import sandbox
from checker.course import packaged

HARMS = Path(__file__).parent.parent / "tests" / "checker" / "harms"
FUNCTIONS = ("shape_of", "add", "transpose")
PUT_IN_PLACE = "\n\ndef add(x, y):\n    return double((x + y) / 2)\n"


def main() -> int:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--timeout", type=float, default=3.0, help="seconds that one function may take")
    timeout = arguments.parse_args().timeout
    exercise = packaged().select("exercise1")
    solution = exercise.solution.read_text("utf-8")
    right = True
    with sandbox.start() as workers:
        from checker import answer_key  # after the fork, as in a check
        from checker.exam import Submission, grade

        key = answer_key.load(exercise.folder)
        print(f"{'harm':28} {'status':8} {'seconds':>7}  {'others':8} message")
        for file in sorted(file for file in HARMS.glob("*.py") if file.name != "conftest.py"):
            source = f"{solution}\n\n{file.read_text('utf-8')}{PUT_IN_PLACE}".encode()
            start = time.perf_counter()
            submission = Submission(Path(file.name), source, key, "cpu", 0, timeout)
            before, harmed, after = grade(workers, exercise.name, submission, FUNCTIONS).verdicts
            seconds = time.perf_counter() - start
            on_import = "on_import" in file.name
            others = "share it" if on_import else "passed" if before.passed and after.passed else "HARMED"
            right = right and others != "HARMED" and seconds < 3 * timeout + 5
            print(f"{file.stem:28} {harmed.status:8} {seconds:7.2f}  {others:8} {harmed.message[:90]}", flush=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
