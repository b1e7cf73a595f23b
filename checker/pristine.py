"""Whether a process that has run one student's file is as good as new, so that it may run another.

What is cheap to put back is put back: paths, environment, modules of the student's own, torch's settings. Where
anything else differs (a replaced function, a thread or a process left running, a signal's handler, a closed stream)
the process is given up, and nobody has to know how to repair it.
"""

from __future__ import annotations

import builtins
import json
import math
import os
import random
import signal
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy
import torch

from checker import global_state

WATCHED: tuple[Any, ...] = (
    builtins,
    json,
    math,
    numpy,
    os,
    random,
    threading,
    time,
    torch,
    torch.Tensor,
    torch.autograd,
    torch.func,
    torch.linalg,
    torch.nn.Module,
    torch.nn.functional,
)
"""Where a student's file replaces things, if anywhere."""


class Pristine:
    """A process before a student's file ran in it."""

    def __init__(self) -> None:
        self._attributes = [dict(vars(owner)) for owner in WATCHED]
        self._modules = set(sys.modules)
        self._path, self._argv, self._folder = list(sys.path), list(sys.argv), os.getcwd()
        self._environment = dict(os.environ)
        self._signs = signs()
        self._settings = ExitStack()
        self._settings.enter_context(global_state.preserved())

    def restore(self, folder: str | None, path: str) -> bool:
        """Put back what can be put back, and say whether that was all.

        Args:
            folder: where the student's own modules lie.
            path: the student's file.
        """
        try:
            os.chdir(self._folder)
            sys.path[:], sys.argv[:] = self._path, self._argv
            os.environ.clear()
            os.environ.update(self._environment)
            for name in set(sys.modules) - self._modules:
                if _is_own(vars(sys.modules[name]).get("__file__"), folder, path):
                    del sys.modules[name]
            self._settings.close()
            return signs() == self._signs and self._is_unpatched()
        except Exception:  # what a student's file has broken may break this, too
            return False

    def _is_unpatched(self) -> bool:
        return all(_is_as(before, owner) for owner, before in zip(WATCHED, self._attributes, strict=True))


def _is_as(before: dict[str, Any], owner: Any) -> bool:
    now = vars(owner)
    if isinstance(owner, type) and now.keys() != before.keys():  # a new method may hide an inherited one
        return False
    return all(now.get(key) is value or _is_torchs_own(key, now.get(key)) for key, value in before.items())


def _is_torchs_own(key: str, value: object) -> bool:
    """Whether torch itself has replaced something: importing torch._dynamo, which forward-mode AD does, wraps this."""
    return key == "manual_seed" and getattr(value, "__module__", None) == "torch.random"


def signs() -> list[Any]:
    """Give what tells that something was left behind: threads, processes, handlers, hooks, and where prints go."""
    files = [(state.st_dev, state.st_ino) for state in map(os.fstat, (0, 1, 2))]
    streams = [(stream, stream.closed) for stream in (sys.stdin, sys.stdout, sys.stderr)]
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    hooks = [sys.gettrace(), sys.getprofile(), sys.getrecursionlimit()]
    return [threading.active_count(), _has_children(), handlers, hooks, files, streams]


def _has_children() -> bool:
    if sys.platform == "win32":
        return False  # there, nobody can tell
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
        return True
    return False


def _is_own(file: str | None, folder: str | None, path: str) -> bool:
    """Whether a module is the student's, and not of an environment that happens to lie in their folder."""
    if file is None or file == path:
        return file is not None
    lies_there = folder is not None and Path(file).is_relative_to(folder)
    return lies_there and not Path(file).is_relative_to(sys.prefix)
