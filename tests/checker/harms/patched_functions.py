"""Replaces functions that everybody uses."""

import builtins
import json
import os
import sys

import torch


def broken(*args, **kwargs):
    raise ZeroDivisionError


torch.allclose = torch.equal = torch.testing.assert_close = broken
json.dumps = json.loads = broken
builtins.print = builtins.open = broken
sys.stdout = sys.stderr = None


def double(x):
    os.write = os.read = os.getpid = broken
    return 2 * x
