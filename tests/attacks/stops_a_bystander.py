"""Stops a process that has nothing to do with it."""

import os
import signal


def target(x, y):
    os.kill(VICTIMS["process"], signal.SIGSTOP)
    return x[..., 0]
