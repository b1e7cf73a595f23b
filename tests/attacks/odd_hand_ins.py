"""Archives, links and names that no student hands in by accident: a class of them, as files in a folder."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from warnings import catch_warnings

FILE = "exercise1_target.py"

HandIn = Callable[[Path, bytes], None]
"""Writes itself into a folder, given the text of a file."""


def zipped(*members: tuple[str, bytes], compress: int = zipfile.ZIP_STORED, mode: int = 0) -> bytes:
    """Give a zip; a mode makes links and devices of its members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compress) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = compress, mode << 16
            with catch_warnings(action="ignore"):  # that a name is there twice
                archive.writestr(info, content)
    return packed.getvalue()


def tarred(*members: tuple[str, bytes, bytes]) -> bytes:
    """Give a tar.gz of names, kinds, and contents (of links: where they lead)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = content.decode()
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def encrypted(file: bytes) -> bytes:
    """Give a zip that says that its member has a password."""
    data = bytearray(zipped((FILE, file)))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def lying_about_size(file: bytes) -> bytes:
    """Give a zip whose list says that a mebibyte of zeros is ten bytes."""
    data = bytearray(zipped((FILE, bytes(2**22)), compress=zipfile.ZIP_DEFLATED))
    place = data.index(b"PK\1\2")
    data[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(data)


def nested(file: bytes) -> bytes:
    """Give a zip in a zip in a zip, ten deep."""
    data = zipped((FILE, file))
    for _ in range(10):
        data = zipped(("inner.zip", data))
    return data


def _put(name: str, make: Callable[[bytes], bytes]) -> HandIn:
    return lambda folder, file: (folder / name).write_bytes(make(file)) and None


def _folder(name: str, fill: Callable[[Path, bytes], object]) -> HandIn:
    def write(folder: Path, file: bytes) -> None:
        (folder / name).mkdir()
        fill(folder / name, file)

    return write


def _named(student: str) -> HandIn:
    return _folder(student, lambda folder, file: (folder / FILE).write_bytes(file))


ZEROS = bytes(2**26)

HAND_INS: dict[str, HandIn] = {
    # what leads out of an archive
    "zip slip": _put("slip.zip", lambda file: zipped(("../../outside.txt", file))),
    "zip slip with an absolute name": _put("absolute.zip", lambda file: zipped(("/tmp/xor-attack-slip.py", file))),
    "zip slip of Windows": _put("windows.zip", lambda file: zipped(("..\\..\\outside.txt", file))),
    "zip with a drive": _put("drive.zip", lambda file: zipped((f"C:{FILE}", file))),
    "zip with a link": _put("link.zip", lambda file: zipped((FILE, b"/etc/hostname"), mode=0o120777)),
    "zip with a device": _put("device.zip", lambda file: zipped((FILE, b""), mode=0o020666)),
    "tar slip": _put("slipped.tar.gz", lambda file: tarred(("../outside.txt", tarfile.REGTYPE, file))),
    "tar with a link": _put("link-in-tar.tar.gz", lambda file: tarred((FILE, tarfile.SYMTYPE, b"/etc/hostname"))),
    "tar with a hard link": _put("hard.tar.gz", lambda file: tarred((FILE, tarfile.LNKTYPE, b"/etc/hostname"))),
    "tar with a link to write through": _put(
        "through.tar.gz",
        lambda file: tarred(("a", tarfile.SYMTYPE, b"/tmp"), ("a/xor-attack-slip.py", tarfile.REGTYPE, file)),
    ),
    "tar with a device": _put("device-in-tar.tar.gz", lambda file: tarred((FILE, tarfile.CHRTYPE, b""))),
    "tar with a pipe": _put("pipe.tgz", lambda file: tarred((FILE, tarfile.FIFOTYPE, b""))),
    # what unfolds
    "zip bomb": _put("bomb.zip", lambda file: zipped((FILE, ZEROS), compress=zipfile.ZIP_DEFLATED)),
    "zip bomb that lies": _put("liar.zip", lying_about_size),
    "zip of many": _put("many.zip", lambda file: zipped(*((f"{number}.py", b"") for number in range(20_000)))),
    "tar bomb": _put("bomb-in-tar.tar.gz", lambda file: gzip.compress(ZEROS * 4)),
    "tar bomb of many": _put(
        "many-in-tar.tar.gz", lambda file: tarred(*((f"{number}.py", tarfile.REGTYPE, b"") for number in range(5_000)))
    ),
    "nested zips": _put("nested.zip", nested),
    "encrypted zip": _put("encrypted.zip", encrypted),
    "zip of nothing": _put("nothing.zip", lambda file: b""),
    "zip cut short": _put("short.zip", lambda file: zipped((FILE, file))[:-30]),
    "zip that is none": _put("none.zip", lambda file: b"PK\5\6" * 5000),
    "the same member twice": _put("twice.zip", lambda file: zipped((FILE, file), (FILE, b"import os; os._exit(0)"))),
    # names
    "a formula for a name": _named("=cmd|' &C calc'!A0"),
    "another formula": _named("@SUM(1+1)*cmd|' &C calc'!A0"),
    "a terminal's orders for a name": _named("mallory\x1b[2J\x1b]0;owned\x07"),
    "lines for a name": _named("mallory\nalice,100"),
    "HTML for a name": _named("<script>alert(1)<&script>"),
    "a name that reads backwards": _named("mallory\u202egpj.exe"),
    "a name of bytes": lambda folder, file: _of_bytes(folder, file),
    "a name as long as can be": _named("m" * 255),
    "a name of quotes": _named("a\"b'c`d$(touch xor-attack-slip)"),
    "options for a name": _named("--regrade=all"),
    "a name of dots": _named("... "),
    "a name that ends in dots": _named("mallory... "),
    "a name that is not shown": _named(".mallory"),
    "an archive that is not shown": _put(".oscar.zip", lambda file: zipped((f".oscar/{FILE}", file))),
    "an archive without a name": _put(".zip", lambda file: zipped((FILE, file))),
    "two names that look alike": _named("аlice"),  # noqa: RUF001  (that is the attack)
    # files
    "a link to the results": _folder(
        "linked", lambda folder, file: (folder / FILE).symlink_to(folder.parents[1] / "results" / "grades.csv")
    ),
    "a folder that is a link": lambda folder, file: (folder / "elsewhere").symlink_to(folder.parent / "results"),
    "a pipe": _folder("piped", lambda folder, file: os.mkfifo(folder / FILE)),
    "a folder named as a file": _folder("misnamed", lambda folder, file: (folder / FILE).mkdir()),
    "a file of gigabytes": _folder("huge", lambda folder, file: os.truncate(_touched(folder / FILE), 2**33)),
    "folders without end": _folder("deep", lambda folder, file: (folder / "/".join("d" * 100)).mkdir(parents=True)),
}
"""By what they try."""


def _touched(path: Path) -> Path:
    path.touch()
    return path


def _of_bytes(folder: Path, file: bytes) -> None:
    name = os.path.join(os.fsencode(folder), b"mallory-\xff\xfe")
    os.mkdir(name)
    with open(os.path.join(name, FILE.encode()), "wb") as written:
        written.write(file)
