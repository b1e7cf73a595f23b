"""Returns arrays of objects, masked arrays and structured ones."""

import numpy as np


class Equal:
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = None


def target(x, y):
    rows = len(x)
    arrays = [
        np.array([Equal()] * rows, dtype=object),
        np.ma.masked_all(rows),
        np.zeros(rows, dtype=[("a", "f4"), ("b", "O")]),
        np.zeros(rows, dtype="U7"),
        np.zeros(rows, dtype="M8[s]"),
    ]
    return arrays[x.numel() % len(arrays)]
