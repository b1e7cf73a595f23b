"""Prints a gigabyte, with what a terminal would obey."""

import os


def target(x, y):
    for _ in range(1000):
        os.write(1, b"\x1b[2J\x1b]0;owned\x07\r\n" * 50_000)
    return x[..., 0]
