"""Returns an int that Python refuses to write."""


def double(x):
    return 2**1_000_000
