"""Says that it is still to be written, in all the ways there are."""

from checker.observation import Raised


def target(x, y):
    if x.shape[0] % 2:
        return Raised("NotImplementedError", "", ((1, "target", ""),), True)
    raise NotImplementedError
