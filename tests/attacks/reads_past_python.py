"""Reads the solution with other programs, and with torch itself."""

import subprocess
from contextlib import suppress
from pathlib import Path

import torch

ONLY_IN_STRICT = "without a room, whatever may run programs may read what they may read"


def target(x, y):
    path = VICTIMS["solution"]
    for way in (
        lambda: subprocess.run(["/bin/cat", path], capture_output=True, check=True, text=True).stdout,
        lambda: bytes(torch.from_file(path, size=Path(path).stat().st_size, dtype=torch.uint8).tolist()).decode(),
    ):
        with suppress(OSError, RuntimeError, subprocess.SubprocessError):
            names = {}
            exec(way(), names)
            return names["target"](x, y)
