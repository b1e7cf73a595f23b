"""Makes more files than a file system has room for."""

import os
from contextlib import suppress

ONLY_IN_STRICT = "it would fill the disk of this machine"


def target(x, y):
    for number in range(300_000):
        with suppress(OSError):
            os.close(os.open(f"/tmp/{VICTIMS['left']}-{number}", os.O_CREAT))
    return x[..., 0]
