"""Places where a test can have this process killed, as a power cut would.

XOR_CHECK_FAULT=recorded:3         SIGKILL when a process comes to the point "recorded" for the third time
XOR_CHECK_FAULT=recorded:3:FILE    the same for one process only: the one that can remove the file
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "XOR_CHECK_FAULT"

POINTS = ("started", "claimed", "ordered", "judged", "recording", "recorded")
"""All of them, in the order in which a run comes to them."""

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Be killed here, if the environment says so."""
    wanted, count, file = [*os.environ.get(VARIABLE, "").split(":", 2), "", ""][:3]
    if wanted == name:
        _passed[name] += 1
        if _passed[name] >= int(count or 1) and (not file or _removed(file)):
            os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


def _removed(file: str) -> bool:
    try:
        os.unlink(file)
    except FileNotFoundError:
        return False
    return True
