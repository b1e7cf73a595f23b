"""Looks for the solution in what /proc shows of all processes: folders, open files, environments, arguments."""

import glob
import os
from contextlib import suppress

ONLY_IN_STRICT = "it would look into what other people have open"


def target(x, y):
    for process in glob.glob("/proc/[0-9]*"):
        for path in (
            f"{process}/root{VICTIMS['solution']}",
            f"{process}/cwd/solution.py",
            *glob.glob(f"{process}/fd/*"),
        ):
            with suppress(OSError):
                if os.path.isfile(path):
                    text = open(path, errors="replace").read(100_000)
                    if "def target" in text:
                        names = {}
                        exec(text, names)
                        return names["target"](x, y)
