"""Refuses whatever Python tells auditors about, and breaks every import from now on."""

import builtins
import gc
import sys


def refuse(*args):
    raise KeyboardInterrupt


sys.addaudithook(refuse)
sys.meta_path.insert(0, refuse)
sys.path_hooks.insert(0, refuse)
builtins.__import__ = builtins.open = builtins.isinstance = refuse
gc.callbacks.append(refuse)


def target(x, y):
    return x[..., 0]
