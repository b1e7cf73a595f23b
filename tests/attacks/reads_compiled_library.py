"""Takes the library's code from the cache of compiled files, and from the memory of its functions."""

import importlib.util
import marshal
import types

from xorfunc import transforms

ATTACKS = "exercise3.hvp"


def cached():
    with open(importlib.util.cache_from_source(transforms.__file__), "rb") as file:
        names = {"__name__": "mine"}
        exec(marshal.loads(file.read()[16:]), names)
    return names["hvp"]


def of_the_function():
    return types.FunctionType(transforms.hvp.__code__, vars(transforms))


def replaced():
    transforms.hvp.__code__ = transforms.hvp.__wrapped__.__code__
    return transforms.hvp


def hvp(f, x, v):
    for way in (cached, of_the_function, replaced):
        try:
            return way()(f, x, v)
        except Exception:
            continue
