"""Prints the environment, the arguments and the mounts of all processes it sees."""

import glob
import os
from contextlib import suppress

ONLY_IN_STRICT = "it would print the environments of other people's processes"


def target(x, y):
    print(sorted(os.environ.items()))
    for path in [*glob.glob("/proc/*/environ"), *glob.glob("/proc/*/cmdline"), "/proc/self/mountinfo"]:
        with suppress(OSError):
            print(open(path, errors="replace").read())
    return x[..., 0]
