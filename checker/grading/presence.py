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

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

SCRATCH, LOCK = "scratch-", "lock"


@contextmanager
def announced(out: Path, token: str) -> Generator[Path]:
    """Be present, in a folder of one's own.

    Args:
        out: the folder of the store.
        token: the run's name.
    """
    scratch = out / f"{SCRATCH}{token}"
    with _alone(out):  # or another run could take this one for one that is gone, before its lock is there
        scratch.mkdir()
        lock = os.open(scratch / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        _locked(lock)
    try:
        yield scratch
    finally:
        if fcntl is not None:
            shutil.rmtree(scratch, ignore_errors=True)  # as long as the lock holds
        os.close(lock)
        shutil.rmtree(scratch, ignore_errors=True)  # Windows removes no open file


def gone(out: Path, token: str) -> bool:
    """Whether a run has ended, however it did; its scratch is removed if so."""
    scratch = out / f"{SCRATCH}{token}"
    try:
        lock = os.open(scratch / LOCK, os.O_RDWR)
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
    with _alone(out):
        for scratch in out.glob(f"{SCRATCH}*"):
            gone(out, scratch.name.removeprefix(SCRATCH))


@contextmanager
def _alone(out: Path) -> Generator[None]:
    """Keep other runs from coming, and from clearing away, meanwhile."""
    if fcntl is None:
        yield
        return
    folder = os.open(out, os.O_RDONLY)
    try:
        _locked(folder, wait=True)
        yield
    finally:
        os.close(folder)


def _locked(file: int, *, wait: bool = False) -> bool:
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            return True
    return False
