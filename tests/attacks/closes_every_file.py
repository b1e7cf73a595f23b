"""Closes whatever is open and goes on."""

import os


def target(x, y):
    os.closerange(0, 1024)
    return x[..., 0]
