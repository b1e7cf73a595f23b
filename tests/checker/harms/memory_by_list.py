"""Asks for 50 GB little by little."""


def double(x):
    hoard = []
    while len(hoard) < 50_000:
        hoard.append(bytes(2**20))
    return 2 * x
