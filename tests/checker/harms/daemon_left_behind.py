"""Starts a process that leaves its session, as daemons do."""

import os
import time


def double(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(1, f"daemon {os.getpid()}\n".encode())
            time.sleep(1000)
        os._exit(0)
    os.wait()
    return 2 * x
