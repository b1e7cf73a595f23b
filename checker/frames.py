"""Frames: what travels between judge and worker, two byte strings with their lengths in front.

    [4 bytes: length of the text] [4 bytes: length of the tensors] [text] [tensors]

The lengths are checked against caps before anything of that size is read, so that nobody can be made to hold more
than one frame's worth of memory. `wire` says what the two strings mean.
"""

from __future__ import annotations

import struct

# Taken now: the worker uses this module after a student's file has run, and that may have replaced them.
from os import read, write

LENGTHS = struct.Struct(">II")
MAX_FRAME = 32 * 2**20
MAX_TEXT = 2 * 2**20
CHUNK = 2**20


class WireError(Exception):
    """Bytes that are no frame, or a tree that none can carry."""


def pack(text: bytes, tensors: bytes) -> bytes:
    """Give the frame of two byte strings.

        >>> unpack(pack(b"text", b"tensors"))
        (b'text', b'tensors')

    Raises:
        WireError: they are too long.
    """
    _check_lengths(len(text), len(tensors))
    return LENGTHS.pack(len(text), len(tensors)) + text + tensors


def unpack(frame: bytes) -> tuple[bytes, bytes]:
    """Give the two byte strings of a frame.

    Raises:
        WireError: the lengths in front are not those of what follows.
    """
    if len(frame) < LENGTHS.size:
        raise WireError(f"a frame of {len(frame)} bytes: {LENGTHS.size} bytes of lengths come first")
    text, tensors = LENGTHS.unpack_from(frame)
    _check_lengths(text, tensors)
    if len(frame) != LENGTHS.size + text + tensors:
        raise WireError(f"a frame of {len(frame)} bytes: its lengths say {LENGTHS.size + text + tensors}")
    return frame[LENGTHS.size : LENGTHS.size + text], frame[LENGTHS.size + text :]


def send(file: int, frame: bytes) -> None:
    """Write a frame to a file descriptor.

    Raises:
        OSError: nobody reads at the other end.
    """
    rest = memoryview(frame)
    while rest:
        rest = rest[write(file, rest[:CHUNK]) :]


def receive(file: int) -> bytes:
    """Read one frame, neither more nor less, from a file descriptor.

    Raises:
        EOFError: the other end was closed.
        WireError: the lengths are above the caps.
    """
    lengths = _read(file, LENGTHS.size)
    text, tensors = LENGTHS.unpack(lengths)
    _check_lengths(text, tensors)
    return lengths + _read(file, text + tensors)


def _read(file: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = read(file, min(size - len(data), CHUNK))
        if not part:
            raise EOFError(f"the other end was closed {size - len(data)} bytes early")
        data += part
    return bytes(data)


def _check_lengths(text: int, tensors: int) -> None:
    if text > MAX_TEXT:
        raise WireError(f"{text:,} bytes of text: at most {MAX_TEXT:,} fit")
    if text + tensors > MAX_FRAME:
        raise WireError(f"{text + tensors:,} bytes: at most {MAX_FRAME:,} fit")
