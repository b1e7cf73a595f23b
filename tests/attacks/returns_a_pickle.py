"""Returns objects that run code where somebody unpickles or copies them."""

import os
import tempfile


class Loaded:
    def __reduce__(self):
        path = os.path.join(tempfile.gettempdir(), VICTIMS["left"])
        return os.system, (f"touch {path}",)

    __reduce_ex__ = lambda self, version: self.__reduce__()  # noqa: E731
    __deepcopy__ = lambda self, memo: os._exit(0)  # noqa: E731


def target(x, y):
    return Loaded()
