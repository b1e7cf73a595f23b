"""Never returns, and can't be asked to."""

import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)


def double(x):
    while True:
        time.sleep(1000)
