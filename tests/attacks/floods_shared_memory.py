"""Takes memory that counts towards no process."""

import mmap

ONLY_IN_STRICT = "it would take all the memory of this machine"


def target(x, y):
    taken = []
    while True:
        taken.append(mmap.mmap(-1, 2**28))
        taken[-1].write(b"x" * 2**28)
