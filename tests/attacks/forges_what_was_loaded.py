"""Says of its file what no file can be, to confuse whoever reads it."""

import sys

from checker.observation import Raised

student_file = sys.modules["checker.student_file"]


class Loaded:
    problem = None
    names = ("target",) * 5000
    parameters = (("x", "VAR_POSITIONAL", True), ("x" * 100_000, "KEYWORD_ONLY", True))
    kind = "class\x1b[2J"


student_file.describe = lambda *args: Loaded()


def target(x, y):
    return Raised("passed", "passed")
