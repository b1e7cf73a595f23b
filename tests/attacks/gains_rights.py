"""Becomes somebody else, gets rights in a namespace, mounts, and leaves its root."""

import ctypes
import os
from contextlib import suppress

ONLY_IN_STRICT = "what it mounts would stay on this machine"


def target(x, y):
    libc = ctypes.CDLL(None)
    for change in (
        lambda: os.setuid(0),
        lambda: os.setgroups([0]),
        lambda: os.chroot("/tmp"),
        lambda: os.chmod("/", 0o777),
    ):
        with suppress(OSError):
            change()
    for flags in (0x10000000, 0x20000, 0x20000000, 0x40000000):
        libc.unshare(flags)
    libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)
    libc.umount2(b"/tmp", 2)
    return x[..., 0]
