"""Recurses, in Python without a limit and in the parser."""

import sys

sys.setrecursionlimit(10**9)


def target(x, y):
    return target(x, y)
