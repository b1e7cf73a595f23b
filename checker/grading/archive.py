"""An archive that is read member by member into memory, and never extracted.

Sizes, counts and ratios are looked at while reading, not believed: a bomb is refused after the first bytes too many,
and a list of a million members before it is read. What is not named as an exercise is not even decompressed in a zip;
a tar must be read through, within the same limits.
"""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from gzip import BadGzipFile, GzipFile
from typing import IO, cast

from checker.grading.handed_in import MAX_ENTRIES, HandedIn, Refused, Unreadable, at_most, check_name, shown
from checker.grading.handed_in import MAX_FILE as MAX_MEMBER

MAX_ARCHIVE = 16 * 2**20
"""Bytes of the archive itself."""
MAX_UNPACKED = 64 * 2**20
"""Bytes of all that is decompressed."""
MAX_RATIO = 200
"""How far one byte may unfold, beyond the first `FREE` bytes: text comes to 5, zeros to 1000."""
FREE = 2**20
MAX_DIRECTORY = 2**20
"""Bytes of a zip's list of members: half a kilobyte for each of them."""

KINDS = (".zip", ".tar.gz", ".tgz")
END_OF_ZIP = struct.Struct("<4s4H2LH")
BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, BadGzipFile, zlib.error, EOFError, OSError),
    *(ValueError, NotImplementedError, struct.error, RecursionError, OverflowError),  # of odd headers
)
"""What is raised while a broken archive is read."""


def kind(name: str) -> str | None:
    """Give the suffix of an archive's name, or None.

    >>> kind("alice.TAR.GZ"), kind("bob.zip"), kind("carol.rar")
    ('.TAR.GZ', '.zip', None)
    """
    return next((name[-len(suffix) :] for suffix in KINDS if name.lower().endswith(suffix)), None)


def files(name: str, data: bytes) -> Iterator[HandedIn]:
    """Give the regular files of an archive, each to be read before the next one.

    Args:
        name: the archive's name; its suffix says what it is.
        data: the archive.

    Raises:
        Refused: it holds anything but folders and regular files with plain names, or too much.
        Unreadable: it is broken, or encrypted.
    """
    if len(data) > MAX_ARCHIVE:
        raise Refused(f"larger than {MAX_ARCHIVE // 2**20} MiB: hand in the exercises' files alone")
    with _broken_is_unreadable():
        for file in _zipped(data) if name.lower().endswith(".zip") else _tarred(data):
            yield HandedIn(file.parts, partial(_read, file))


def _read(file: HandedIn) -> bytes:
    with _broken_is_unreadable():
        return file.read()


@contextmanager
def _broken_is_unreadable() -> Generator[None]:
    try:
        yield
    except BROKEN as error:
        why = shown(str(error)[:200]) or type(error).__name__
        raise Unreadable(f"a broken archive ({why}): hand it in again") from error


# zip


def _zipped(data: bytes) -> Iterator[HandedIn]:
    _check_directory(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MAX_ENTRIES:
            raise Refused(f"{len(members)} members: {MAX_ENTRIES} are looked at, at most")
        seen: set[tuple[str, ...]] = set()
        unpacked = 0
        for member in members:
            parts = _parts(member.orig_filename, is_folder=member.is_dir())
            mode = member.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if member.is_dir() else stat.S_IFREG):
                raise Refused(f"{member.filename!r} is no regular file: hand in the file itself")
            if member.is_dir():
                continue
            if parts in seen:
                raise Refused(f"{member.filename!r} is there twice")
            seen.add(parts)
            if member.flag_bits & 0x1:
                raise Unreadable(f"{member.filename!r} is encrypted: hand it in without a password")
            unpacked += min(member.file_size, MAX_MEMBER)
            if unpacked > MAX_UNPACKED:
                raise Refused(f"unfolds to more than {MAX_UNPACKED // 2**20} MiB")
            yield HandedIn(parts, partial(_member, archive, member))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(f"{member.filename!r} is compressed in an unusual way: hand in an ordinary zip")
    with archive.open(member) as file:
        content = at_most(file.read(MAX_MEMBER + 1), member.filename)
    _check_ratio(len(content), member.compress_size, member.filename)
    return content


def _check_directory(data: bytes) -> None:
    """Look at the size of the list of members, before `zipfile` makes an object of each."""
    tail = data[-(END_OF_ZIP.size + 2**16) :]
    if b"PK\6\7" in tail[-(END_OF_ZIP.size + 2**16) :] and b"PK\6\6" in data:
        raise Refused("a zip of the 64-bit kind, which only huge ones need")
    place = tail.rfind(b"PK\5\6")
    while place >= 0:  # zipfile takes the last, or the one at the very end: none may be too large
        if place + END_OF_ZIP.size <= len(tail):
            _, _, _, _, _, size, _, _ = END_OF_ZIP.unpack_from(tail, place)
            if size > MAX_DIRECTORY:
                raise Refused(f"a list of members of {size:,} bytes: at most {MAX_DIRECTORY:,} are looked at")
        place = tail.rfind(b"PK\5\6", 0, place)


# tar


def _tarred(data: bytes) -> Iterator[HandedIn]:
    source = io.BytesIO(data)
    with GzipFile(fileobj=source) as unpacked:
        bounded = cast("IO[bytes]", _Bounded(unpacked, source))
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_ENTRIES:
                    raise Refused(f"more than {MAX_ENTRIES} members")
                parts = _parts(member.name, is_folder=member.isdir())
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise Refused(f"{shown(member.name)!r} is no regular file: hand in the file itself")
                yield HandedIn(parts, partial(_tar_member, archive, member))
                archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue]  (or it would keep them all)


def _tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None, "it is a regular file"
    return at_most(file.read(MAX_MEMBER + 1), member.name)


class _Bounded:
    """A stream that refuses to unfold to more than is sensible."""

    def __init__(self, unpacked: GzipFile, source: io.BytesIO) -> None:
        self._unpacked, self._source = unpacked, source
        self._given = 0

    def read(self, size: int) -> bytes:
        content = self._unpacked.read(min(size, MAX_UNPACKED - self._given + 1))
        self._given += len(content)
        if self._given > MAX_UNPACKED:
            raise Refused(f"unfolds to more than {MAX_UNPACKED // 2**20} MiB")
        _check_ratio(self._given, self._source.tell(), "the archive")
        return content


def _check_ratio(unpacked: int, packed: int, what: str) -> None:
    if unpacked > FREE and unpacked > MAX_RATIO * max(packed, 1):
        raise Refused(f"{shown(what)!r} unfolds to more than {MAX_RATIO} times its size")


def _parts(name: str, *, is_folder: bool) -> tuple[str, ...]:
    """Give the folders and the name of a member."""
    plain = name.removesuffix("/") if is_folder else name
    if is_folder and plain in (".", ""):
        return ()
    parts = tuple(plain.removeprefix("./").split("/"))
    check_name(parts, name)
    return parts
