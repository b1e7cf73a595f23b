"""Leaves politely."""

import sys


def double(x):
    sys.exit("enough")
