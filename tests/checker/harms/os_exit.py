"""Leaves without a word."""

import os


def double(x):
    print("last words")
    os._exit(3)
