"""Leaves a child behind that goes on answering while its parent ends."""

import os


def target(x, y):
    if os.fork() != 0:
        os._exit(0)
    return x[..., 0]
