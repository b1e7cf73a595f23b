"""Connects to a server of this machine, by every way to it."""

import socket
from contextlib import suppress


def target(x, y):
    for family, host in (
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET6, "::ffff:127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
    ):
        with suppress(OSError), socket.socket(family) as connection:
            connection.settimeout(0.5)
            connection.connect((host, VICTIMS["port"]))
            connection.send(repr(x.tolist()).encode())
    return x[..., 0]
