"""Closes the streams that prints go to."""

import sys


def double(x):
    sys.stdout.close()
    sys.stderr.close()
    return 2 * x
