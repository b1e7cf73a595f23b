"""Raises an exception that raises whenever it is looked at."""


class ShyError(Exception):
    def __str__(self):
        raise RuntimeError("don't look")

    __repr__ = __str__


def double(x):
    raise ShyError
