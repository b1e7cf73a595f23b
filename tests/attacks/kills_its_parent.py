"""Kills the process that made it."""

import os
import signal


def target(x, y):
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.kill(os.getppid(), number)
    return x[..., 0]
