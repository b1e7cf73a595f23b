"""Ends the process by signals that look like somebody else's."""

import os
import signal


def target(x, y):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXCPU, signal.SIGKILL):
        os.kill(os.getpid(), number)
