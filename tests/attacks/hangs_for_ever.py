"""Never comes back, in Python and in C."""

import re


def target(x, y):
    return re.match("(a+)+$", "a" * 64 + "b")
