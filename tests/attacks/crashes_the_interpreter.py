"""Reads where there is no memory."""

import ctypes


def target(x, y):
    return ctypes.string_at(1)
