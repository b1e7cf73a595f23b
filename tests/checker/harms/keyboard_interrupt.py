"""Presses Ctrl-C on itself."""

import os
import signal


def double(x):
    os.kill(os.getpid(), signal.SIGINT)
    return 2 * x
