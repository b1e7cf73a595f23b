"""Opens the solution by every path that leads to it, and executes it."""

import io
import os
from contextlib import suppress
from pathlib import Path


def target(x, y):
    path = VICTIMS["solution"]
    os.chdir("/")
    ways = [
        lambda: open(path).read(),
        lambda: Path("/proc/self/root" + path).read_text(),
        lambda: io.FileIO(path).read().decode(),
        lambda: os.read(os.open(os.path.relpath(path), os.O_RDONLY), 10_000).decode(),
        lambda: os.read(os.open("solution.py", 0, dir_fd=os.open(os.path.dirname(path), 0)), 10_000).decode(),
        lambda: io.open_code(os.path.join(os.path.dirname(path), "..", "exercise1_target", "solution.py")).read(),
    ]
    for way in ways:
        with suppress(OSError):
            names = {}
            exec(way(), names)
            return names["target"](x, y)
