"""Stops its own process and waits for somebody to wake it."""

import os
import signal


def target(x, y):
    os.kill(os.getpid(), signal.SIGSTOP)
    return x[..., 0]
