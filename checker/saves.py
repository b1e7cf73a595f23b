"""Which files were saved, a moment after they were.

The system's events, by way of watchfiles, only say when to look; what changed is seen on the files themselves. So it
makes no difference whether an editor writes in place, or writes another file and renames it, or takes the folder away
and brings it back; and where no events come, as on a network drive, a look each second is enough. watchfiles looks by
itself where WATCHFILES_FORCE_POLLING says so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

STEP_MS = 20
"""How long nothing may happen before what happened is told: a save is several events."""
DEBOUNCE_MS = 200
"""How long it may take until it is told in any case."""
LOOK_MS = 1000
"""Between two looks where no event comes."""
PATIENCE = 0.3
"""Seconds that a file may be gone or empty in the middle of being saved."""

Stamp = tuple[int, int, int] | None
"""What changes when a file is saved; None while there is no file."""


def saved(seen: Mapping[Path, Stamp], stop: threading.Event) -> Iterator[list[Path]]:
    """Give the files that were saved, deleted or brought back, each time that some were, until `stop` is set.

    Args:
        seen: the files, all in one folder, with the stamps that they had.
        stop: ends it.
    """
    for _ in _moments(next(iter(seen)).parent, stop):
        now = {file: stamp(file) for file in seen}
        changed = [file for file in seen if now[file] != seen[file]]
        for file in changed:
            now[file] = _whole(file, stop)
        seen = now
        if changed and not stop.is_set():
            yield changed


class Watcher:
    """Tells of saves on a thread of its own, as long as its `with` block lasts."""

    def __init__(self, files: Sequence[Path], tell: Callable[[list[Path]], None]) -> None:
        self._stop = threading.Event()
        self._files, self._tell = files, tell
        self._thread = threading.Thread(target=self._run, name="saves", daemon=True)

    def __enter__(self) -> None:
        self._seen = {file: stamp(file) for file in self._files}  # a save from here on is told
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(2 * LOOK_MS / 1000)

    def _run(self) -> None:
        for changed in saved(self._seen, self._stop):
            self._tell(changed)


def stamp(file: Path) -> Stamp:
    """What changes when a file is saved; None where there is no file."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _whole(file: Path, stop: threading.Event) -> Stamp:
    """The stamp of a file, once it is neither gone nor empty or has been so for a while."""
    waited = 0.0
    while (now := stamp(file)) is None or now[1] == 0:
        if waited >= PATIENCE or stop.wait(STEP_MS / 1000):
            break
        waited += STEP_MS / 1000
    return now


def _moments(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Moments to look: at every event in the folder, and at least each second."""
    import watchfiles  # 0.03 s that only this command needs

    while not stop.is_set():
        try:
            here = os.stat(folder)
            for _ in watchfiles.watch(
                folder,
                watch_filter=None,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=stop,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                recursive=False,
            ):
                yield
                if not os.path.samestat(os.stat(folder), here):
                    break  # another folder stands in its place: the events are still about the old one
        except (OSError, RuntimeError):  # the folder is gone, or the system has no more watches to give
            yield
            stop.wait(LOOK_MS / 1000)
