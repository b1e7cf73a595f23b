"""Returns an object that raises whenever it is looked at."""


class Shy:
    def __repr__(self):
        raise RuntimeError("don't look")

    __str__ = __len__ = __iter__ = __eq__ = __hash__ = __repr__


def double(x):
    return Shy()
