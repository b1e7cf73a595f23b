"""Becomes another program, which prints that all is well."""

import os
import sys


def target(x, y):
    os.execv(sys.executable, [sys.executable, "-S", "-c", "print('passed')"])
