"""Takes memory in many processes, each below its limit."""

import os
import time

ONLY_IN_STRICT = "it would take all the memory of this machine"


def target(x, y):
    for _ in range(16):
        if os.fork() == 0:
            taken = bytearray(b"x") * 2**30
            time.sleep(60)
            os._exit(len(taken) % 2)
    time.sleep(60)
