"""Starts threads that nobody waits for."""

import threading
import time


def double(x):
    for _ in range(10):
        threading.Thread(target=time.sleep, args=(1000,)).start()
    return 2 * x
