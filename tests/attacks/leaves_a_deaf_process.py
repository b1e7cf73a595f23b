"""Leaves processes behind that ignore all signals and hold on to the channel and the output."""

import ctypes
import os
import signal
import time
from contextlib import suppress


def target(x, y):
    for _ in range(3):
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # no longer to end with its parent
            os.setsid()
            for number in signal.valid_signals():
                with suppress(OSError, ValueError):
                    signal.signal(number, signal.SIG_IGN)
            time.sleep(60)
            os._exit(0)
    return x[..., 0]
