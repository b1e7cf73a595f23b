"""Stops the process that made it, so that everybody waits."""

import os
import signal


def target(x, y):
    os.kill(os.getppid(), signal.SIGSTOP)
    return x[..., 0]
