"""Sends a frame so slowly that it never ends."""

import os
import time
from contextlib import suppress


def target(x, y):
    for byte in b"\x00\x10\x00\x00\x00\x00\x00\x00" + b" " * 10_000:
        for file in range(200, 204):
            with suppress(OSError):
                os.write(file, bytes([byte]))
        time.sleep(0.01)
