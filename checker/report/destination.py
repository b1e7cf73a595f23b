"""Where a report is written: looked at before the check, so that nobody waits in vain, and replaced in one step after.

Whoever reads the file while it is renewed sees the old report or the new one, and never a part.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class DestinationError(Exception):
    """Nothing can be written there; the message says the way out."""


@dataclass(frozen=True)
class Destination:
    """A file that an option names."""

    option: str
    path: Path

    def ensure(self) -> None:
        """See that a file can be written there.

        Raises:
            DestinationError: otherwise.
        """
        folder = self.path.parent
        if self.path.is_dir():
            raise DestinationError(f"{self._told} is a folder: name a file.")
        if not folder.is_dir():
            raise DestinationError(
                f"{self._told} cannot be written, since there is no folder {str(folder)!r}: make it."
            )
        if not os.access(self.path if self.path.exists() else folder, os.W_OK):
            raise DestinationError(f"{self._told} cannot be written: name a file in a folder of yours.")

    def write(self, text: str) -> None:
        """Write the file whole, in the place of an older one.

        Raises:
            DestinationError: it cannot be written.
        """
        data = text.encode("utf-8", "backslashreplace")
        target = self.path.resolve()  # a link stays one
        beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
        try:
            if target.exists() and not target.is_file():
                target.write_bytes(data)  # a pipe or a device has no place to be put in
                return
            beside.write_bytes(data)
            beside.replace(target)
        except OSError as cause:
            with suppress(OSError):
                beside.unlink()
            raise DestinationError(f"{self._told} cannot be written ({cause.strerror}): name another file.") from cause

    @property
    def _told(self) -> str:
        return f"{self.option} {str(self.path)!r}"
