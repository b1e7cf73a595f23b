"""Closes what is under the streams, and the next few descriptors."""

import os


def double(x):
    print("not yet flushed", end="")
    os.closerange(0, 10)
    return 2 * x
