"""Makes threads without end."""

import threading
import time

ONLY_IN_STRICT = "it would fill this machine with threads"


def target(x, y):
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
