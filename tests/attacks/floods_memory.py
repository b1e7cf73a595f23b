"""Takes memory until there is none."""


def target(x, y):
    taken = []
    while True:
        taken.append(bytearray(b"x") * 2**26)
