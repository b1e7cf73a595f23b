"""Places where a test can have this process killed, as a power cut would.

XOR_CHECK_FAULT=recorded:3    SIGKILL at the third time that a process comes to the point "recorded"
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "XOR_CHECK_FAULT"

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Be killed here, if the environment says so."""
    wanted, _, count = os.environ.get(VARIABLE, "").partition(":")
    if wanted == name:
        _passed[name] += 1
        if _passed[name] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
