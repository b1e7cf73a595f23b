"""How long a student waits, and how much memory that takes.

    python -m benchmarks.latency [--repeats N] [--json]

Wall time as ratios of medians, the commands taken in turn within one run, since machines differ and are shared: a check
of each solved exercise, and of all in one call, against `python -c "import torch"`. Memory as the proportional set size
of all processes of a command together, sampled while it runs, at its highest. Needs Linux's /proc for the memory. And
the time from a save to the verdict on one function, wrong and right in turn, where `xor-check watch` has a terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checker.course import packaged

SAMPLING = 0.005
FIRST_BOUND, BOUND, BOUND_OF_ALL = 1.6, 2.5, 6.0
"""For the exercise that a student's first hour ends with, for any other, and for all together."""
FIRST = "exercise3"
WATCHED, WRONG = "hvp", "\n\ndef hvp(f, x, v):\n    return x\n"
BOUND_OF_SAVE = 0.3
PATIENCE = 60.0


def main() -> None:
    """Measure and print. A bound that is missed fails nothing: machines are shared and noisy."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--repeats", type=int, default=9, help="how often each command is run")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    options = arguments.parse_args()
    exercises = packaged().exercises
    command = str(Path(sys.executable).with_name("xor-check"))
    checks = {one.name: [command, one.name] for one in exercises} | {"all": [command, "all"]}
    commands = {
        "import torch": [sys.executable, "-c", "import torch"],
        "help": [command, "--help"],
        "board": [command],
        **checks,
    }
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([command, "init", "course"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        course = Path(folder, "course")
        for one in exercises:
            shutil.copy(one.solution, course / "exercises" / one.file.name)
        for words in commands.values():  # once, so that all files are in the page cache
            seconds(words, course)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.repeats):
            for name, words in commands.items():
                times[name].append(seconds(words, course))
        saves = save_to_verdict([command, "watch", FIRST], course, options.repeats)
        memory = {name: peak_memory(commands[name], course) for name in ("import torch", FIRST)}
    median = {name: statistics.median(taken) for name, taken in times.items()}
    bounds = dict.fromkeys(checks, BOUND) | {FIRST: FIRST_BOUND, "all": BOUND_OF_ALL}
    figures = {
        **{f"{name} / import torch": (median[name] / median["import torch"], bounds[name]) for name in checks},
        "help, seconds": (median["help"], 0.25),
        "board, seconds": (median["board"], 0.35),
        f"save to verdict, {WATCHED}, seconds": (statistics.median(saves), BOUND_OF_SAVE),
        f"memory of {FIRST} / import torch": (memory[FIRST] / memory["import torch"], 2.5),
    }
    if options.json:
        print(json.dumps({"seconds": median, "bytes": memory, "figures": figures}, indent=2))
    else:
        for name, (figure, bound) in figures.items():
            print(f"{name:34} {figure:6.2f}  (at most {bound}{', missed here' if figure > bound else ''})")
        print(f"import torch alone: {median['import torch']:.2f} s, {memory['import torch'] / 2**20:.0f} MiB")


def seconds(words: Sequence[str], folder: Path) -> float:
    """Give how long a command takes."""
    start = time.perf_counter()
    subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def save_to_verdict(words: Sequence[str], course: Path, repeats: int) -> list[float]:
    """Give how long it takes from each save of a file to what the screen says of it."""
    (file,) = (course / "exercises").glob(f"{FIRST}_*.py")
    right = file.read_text()
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80", "LINES": "40"}
    taken: list[float] = []
    with subprocess.Popen(words, cwd=course, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        try:
            wait_for(b"checked at", ours)
            for _ in range(repeats):
                for text, verdict in ((right + WRONG, f"{WATCHED}: "), (right, f"{WATCHED} passed")):
                    start = time.perf_counter()
                    file.write_text(text)
                    seen = wait_for(verdict.encode(), ours)
                    taken.append(time.perf_counter() - start)
                    if b"checked at" not in seen:
                        wait_for(b"checked at", ours)
        finally:
            process.terminate()
    os.close(ours)
    os.close(theirs)
    return taken


def wait_for(words: bytes, terminal: int) -> bytes:
    """Read what a terminal shows until words are in it."""
    seen = b""
    while words not in seen:
        if not select.select([terminal], [], [], PATIENCE)[0]:
            raise TimeoutError(f"no {words!r} in {seen!r}")
        seen += os.read(terminal, 65536)
    return seen


def peak_memory(words: Sequence[str], folder: Path) -> int:
    """Give the highest proportional set size, in bytes, of a command and all that it starts."""
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(proportional_set_size, family(process.pid))))
            time.sleep(SAMPLING)
    return peak


def family(pid: int) -> list[int]:
    """Give a process and its descendants."""
    members = [pid]
    for member in members:
        for task in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members.extend(map(int, task.read_text().split()))
            except OSError:
                continue  # it has just ended
    return members


def proportional_set_size(pid: int) -> int:
    """Give a process's memory in bytes, shared pages divided by how many share them; 0 when it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    os.environ.pop("XOR_COURSE", None)
    main()
