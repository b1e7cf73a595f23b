"""Closes every descriptor there is, and goes on."""

import os
import time


def double(x):
    os.closerange(0, 10_000)
    time.sleep(1000)
