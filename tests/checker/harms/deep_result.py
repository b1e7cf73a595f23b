"""Returns lists in lists in lists."""


def double(x):
    for _ in range(100_000):
        x = [x]
    return x
