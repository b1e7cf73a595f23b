"""A folder that is read without following a link, whoever puts one there while it is read.

Each file and folder is opened by its name inside the open folder around it, with O_NOFOLLOW, and looked at only after
that: what was opened is what is read. On Windows, which has none of this, paths are looked at before they are opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial

from checker.grading.handed_in import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_FILE,
    HandedIn,
    Refused,
    Unreadable,
    at_most,
    is_litter,
    is_out_of_sight,
    shown,
)

BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Folder:
    """An open folder, and its entries by name."""

    def __init__(self, path: str, descriptor: int | None, parts: tuple[str, ...] = ()) -> None:
        self._path = path
        self._descriptor = descriptor
        self.parts = parts
        """Its own name and those of the folders around it, as far as they were handed in."""

    def names(self, limit: int = MAX_ENTRIES, *, without: Callable[[str], bool] = is_litter) -> list[str]:
        """Give what lies in it, in order.

        Args:
            limit: how much may lie in it.
            without: which names are passed over.

        Raises:
            Refused: too much lies in it.
        """
        found: list[str] = []
        with os.scandir(self._path if self._descriptor is None else self._descriptor) as entries:
            for entry in entries:
                if without(entry.name):
                    continue
                found.append(entry.name)
                if len(found) > limit:
                    raise Refused(f"more than {limit} files and folders in one")
        return sorted(found)

    @contextmanager
    def enter(self, name: str) -> Generator[Folder | None]:
        """Give the folder of this name, or None where it is a file.

        Raises:
            Refused: it is neither.
            Unreadable: it cannot be opened.
        """
        with self._opened(name) as (path, descriptor, mode):
            if stat.S_ISDIR(mode):
                yield Folder(path, descriptor, (*self.parts, name))
            elif stat.S_ISREG(mode):
                yield None
            else:
                raise Refused(f"{self._shown(name)!r} is neither a file nor a folder")

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Give what is in a file, or one byte more than the limit.

        Raises:
            Refused: it is no regular file.
            Unreadable: it cannot be read.
        """
        with self._opened(name) as (path, descriptor, mode):
            if not stat.S_ISREG(mode):
                raise Refused(f"{self._shown(name)!r} is no regular file any more")
            try:
                with open(path if descriptor is None else os.dup(descriptor), "rb") as file:
                    return file.read(limit + 1)
            except OSError as error:
                raise Unreadable(f"{self._shown(name)!r} cannot be read ({error.strerror})") from error

    def _shown(self, name: str) -> str:
        return shown("/".join((*self.parts, name)))

    @contextmanager
    def _opened(self, name: str) -> Generator[tuple[str, int | None, int]]:
        path = os.path.join(self._path, name)
        if self._descriptor is None:
            yield path, None, _mode_of_path(path, self._shown(name))
            return
        try:
            descriptor = os.open(name, FLAGS, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise Refused(f"{self._shown(name)!r} is a link: hand in the file itself") from error
            if error.errno == errno.ENXIO:  # a socket, or a pipe that nobody reads
                raise Refused(f"{self._shown(name)!r} is neither a file nor a folder") from error
            raise Unreadable(f"{self._shown(name)!r} cannot be opened ({error.strerror})") from error
        try:
            yield path, descriptor, os.fstat(descriptor).st_mode
        finally:
            os.close(descriptor)


@contextmanager
def opened(path: str) -> Generator[Folder]:
    """Open a folder that whoever grades has named: that one may be a link.

    Raises:
        OSError: it cannot be opened.
    """
    if not BY_DESCRIPTOR:
        yield Folder(path, None)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Folder(path, descriptor)
    finally:
        os.close(descriptor)


def files(folder: Folder, *, below: int = 0, without: Callable[[str], bool] = is_out_of_sight) -> Iterator[HandedIn]:
    """Give the files of an open folder and of those in it; they can be read while it is open, and before the next one.

    Args:
        folder: where to begin.
        below: how many of the folder's own parts are no part of the files'.
        without: which names are passed over, and not looked into.

    Raises:
        Refused: there is a link, a device, or too much.
        Unreadable: something cannot be opened.
    """
    for count, file in enumerate(_files(folder, without)):
        if count >= MAX_ENTRIES:
            raise Refused(f"more than {MAX_ENTRIES} files")
        yield HandedIn(file.parts[below:], file.read)


def _files(folder: Folder, without: Callable[[str], bool]) -> Iterator[HandedIn]:
    if len(folder.parts) > MAX_DEPTH:
        raise Refused(f"{shown('/'.join(folder.parts))!r} lies too deep: {MAX_DEPTH} folders are looked into at most")
    for name in folder.names(without=without):
        with folder.enter(name) as inner:
            if inner is None:
                yield HandedIn((*folder.parts, name), partial(content, folder, name))
            else:
                yield from _files(inner, without)


def content(folder: Folder, name: str) -> bytes:
    """Give what is in a file of an open folder.

    Raises:
        Refused: it is too large, or no regular file.
        Unreadable: it cannot be read.
    """
    return at_most(folder.read(name), "/".join((*folder.parts, name)))


def _mode_of_path(path: str, name: str) -> int:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise Unreadable(f"{name!r} cannot be opened ({error.strerror})") from error
    reparse = getattr(status, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
    if stat.S_ISLNK(status.st_mode) or reparse:
        raise Refused(f"{name!r} is a link: hand in the file itself")
    return status.st_mode
