"""Announces a frame of eight gigabytes."""

import os
from contextlib import suppress


def target(x, y):
    for file in range(200, 256):
        with suppress(OSError):
            os.write(file, b"\xff" * 8 + b"[0,null]")
    return x[..., 0]
