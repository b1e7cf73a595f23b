"""Leaves a process behind that has left its group, its session and its parent."""

import os
import time


def target(x, y):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 256)
            while True:
                time.sleep(0.05)
        os._exit(0)
    os.wait()
    return x[..., 0]
