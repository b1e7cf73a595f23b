"""Writes files until the disk is full."""

import os
from contextlib import suppress

ONLY_IN_STRICT = "it would fill the disk of this machine"


def target(x, y):
    for folder in ("/tmp", "/dev/shm", "/var/tmp", "."):
        for number in range(64):
            with suppress(OSError), open(os.path.join(folder, f"{VICTIMS['left']}-{number}"), "wb") as file:
                for _ in range(16):
                    file.write(bytes(2**22))
    return x[..., 0]
