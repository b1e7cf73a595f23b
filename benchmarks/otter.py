"""`xor-check grade` and otter-grader on the same twelve submissions, whole processes, wall time.

    python -m venv ../otter && ../otter/bin/pip install -c constraints.txt . otter-grader ipykernel
    python -m benchmarks.otter [--otter PYTHON] [--rounds N] [--json]

Twelve files for exercise 3: the solution, right answers in other forms, known mistakes. Otter runs them one after the
other with its script runner, without containers, and asks each function one question; `xor-check grade` starts from
nothing as well, asks all its laws, and names mistakes. Both take turns, and the median of the rounds counts. The exit
code is 1 where ours grades less than twenty times as many submissions a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checker import answer_key
from checker.course import packaged
from checker.validate import expectations

EXERCISE, SUBMISSIONS, TIMES = "exercise3", 12, 20

QUESTIONS = {
    "distance_gradient": "distance_gradient(torch.zeros(2), torch.tensor([0.0, 4.0])).tolist() == [0.0, -1.0]",
    "value_and_grad": "float(value_and_grad(lambda w: (w * w).sum())(torch.ones(2))[0]) == 2.0",
    "batched_distance": "batched_distance(torch.zeros(2), torch.tensor([[3.0, 4.0]])).tolist() == [5.0]",
    "per_example_gradients": (
        "per_example_gradients(lambda p, x, y: (p['w'] * x - y) ** 2, {'w': torch.tensor(1.0)}, torch.ones(3), "
        "torch.zeros(3))['w'].tolist() == [2.0, 2.0, 2.0]"
    ),
    "jacobian": "jacobian(lambda x: x * x, torch.ones(2)).tolist() == [[2.0, 0.0], [0.0, 2.0]]",
    "hvp": "hvp(lambda x: (x**4).sum(), torch.ones(3), torch.ones(3)).tolist() == [12.0, 12.0, 12.0]",
}


def main() -> int:
    """Print submissions a minute of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--otter", default="../otter/bin/python", help="a Python that has otter-grader")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    otter = [options.otter, "-m", "otter"]
    try:
        subprocess.run([*otter, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print(f"{options.otter} has no otter-grader: see `python -m benchmarks.otter --help`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        files = write_submissions(scratch / "class")
        zipped = write_otter(scratch, otter)
        ours: list[float] = []
        theirs: list[float] = []
        for number in range(options.rounds):
            ours.append(seconds_of(grade_command(scratch, number)))
            theirs.append(sum(seconds_of([*otter, *otter_run(file, zipped, scratch)]) for file in files))
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    told = {
        "submissions": SUBMISSIONS,
        "xor-check, a minute": 60 * SUBMISSIONS / statistics.median(ours),
        "otter, a minute": 60 * SUBMISSIONS / statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }
    print(json.dumps(told, indent=1) if options.json else "\n".join(f"{name}: {value}" for name, value in told.items()))
    return 0 if told["ratio"] >= TIMES else 1


def write_submissions(folder: Path) -> list[Path]:
    """One file a student: right answers first, then known mistakes, spread over the functions."""
    exercise = packaged().select(EXERCISE)
    found = [one for one in expectations(exercise, answer_key.load(exercise.folder)) if one.status != "todo"]
    told = [one for one in found if "senseless" not in one.label]
    chosen = told[:: max(1, len(told) // SUBMISSIONS)][:SUBMISSIONS]
    folder.mkdir()
    files: list[Path] = []
    for number, one in enumerate(chosen):
        files.append(folder / f"student{number}_{EXERCISE}.py")
        files[-1].write_text(one.source, "utf-8")
    return files


def write_otter(scratch: Path, otter: Sequence[str]) -> Path:
    """Otter's configuration: a question a function."""
    tests = scratch / "tests"
    tests.mkdir()
    for name, question in QUESTIONS.items():
        case = {"code": f">>> import torch\n>>> {question}\nTrue", "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": name, "points": 1, "suites": [suite]}
        (tests / f"{name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    zipped = scratch / "autograder.zip"
    command = [*otter, "generate", "-t", str(tests), "-o", str(zipped), "--no-environment"]
    subprocess.run(command, check=True, capture_output=True, cwd=scratch)
    return zipped


def otter_run(file: Path, zipped: Path, scratch: Path) -> list[str]:
    return ["run", str(file), "-a", str(zipped), "-o", str(scratch), "--no-logo"]


def grade_command(scratch: Path, number: int) -> list[str]:
    program = "from checker.cli import main; main()"
    course = str(packaged().root)
    out = str(scratch / f"out{number}")
    where = ["--out", out, "--exercises", EXERCISE, "--course", course, "--sandbox", "none"]
    return [sys.executable, "-P", "-c", program, "grade", str(scratch / "class"), *where]


def seconds_of(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
