"""Starts processes that nobody waits for."""

import os
import time


def double(x):
    if os.fork() == 0:
        time.sleep(1000)
    return 2 * x
