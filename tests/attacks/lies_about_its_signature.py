"""Gives itself a signature whose parts run code when they are looked at."""

import os


class Parameter:
    default, empty, kind = 1, 2, property(lambda self: os._exit(0))
    name = property(lambda self: os._exit(0))


class Signature:
    parameters = {"x": Parameter()}


def target(x, y):
    return x[..., 0]


target.__signature__ = Signature()
