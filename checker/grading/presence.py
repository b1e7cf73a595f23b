"""Whether a run is still at work: it holds a lock on a file, which the system lets go however the run ends.

    with presence.announced(out, token) as scratch:
        ...                    # a folder of its own to put things in, gone afterwards
    presence.gone(out, other)  # whether the run with that token is no more; what it left behind is removed

A number of a process could be taken by another one, and a clock can be wrong; a lock cannot. Where files cannot be
locked (Windows, some networks) a run counts as present, and only the lease of its claims ends.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

SCRATCH, LOCK = "scratch-", "lock"


@contextmanager
def announced(out: Path, token: str) -> Generator[Path]:
    """Be present, in a folder of one's own.

    Args:
        out: the folder of the store.
        token: the run's name.
    """
    scratch = out / f"{SCRATCH}{token}"
    scratch.mkdir()
    lock = os.open(scratch / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _locked(lock)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)


def gone(out: Path, token: str) -> bool:
    """Whether a run has ended, however it did; its scratch is removed if so."""
    scratch = out / f"{SCRATCH}{token}"
    try:
        lock = os.open(scratch / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:  # it ended orderly, or was killed before it could announce itself
        lock = None
    except OSError:
        return False
    try:
        if lock is not None and not _locked(lock):
            return False
        shutil.rmtree(scratch, ignore_errors=True)
    finally:
        if lock is not None:
            os.close(lock)
    return True


def clear(out: Path) -> None:
    """Remove what runs that are no more have left behind."""
    for scratch in out.glob(f"{SCRATCH}*"):
        gone(out, scratch.name.removeprefix(SCRATCH))


def _locked(file: int) -> bool:
    try:
        import fcntl  # there is none on Windows
    except ImportError:
        return False
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
