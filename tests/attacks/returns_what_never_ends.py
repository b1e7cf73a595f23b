"""Returns a list, a mapping and a tree that have no end."""

from collections.abc import Mapping


class Endless(list):
    def __iter__(self):
        while True:
            yield Endless()


class Forever(Mapping):
    def __getitem__(self, key):
        return Endless()

    def __iter__(self):
        number = 0
        while True:
            yield (number := number + 1)

    def __len__(self):
        return 2**62


def target(x, y):
    return Forever() if x.numel() % 2 else Endless()
