"""Which way a training runs, and what to do where that way fails.

`"auto"` takes what costs least in total: a short training ends before a graph is ready, and machine code pays only for
a long one. What was prepared is kept as long as its loss function, for the latest optimizers and sizes. A way that
fails gives way to a slower one, and one warning says why; the last, eager, needs nothing.
"""

import shutil
import warnings
from collections.abc import Callable, Hashable, Mapping
from os import environ
from typing import Any
from weakref import WeakKeyDictionary

from xorfunc.compiled import Run
from xorfunc.params import LossFn
from xorfunc.step import CannotTrace

BACKENDS = ("auto", "eager", "traced", "compiled")

# In steps of one small network: a graph is ready in the time of the first, machine code in that of the second.
STEPS_TO_TRACE = 200
STEPS_TO_COMPILE = 200_000

KEPT = 64  # for one loss function: a search over rates makes an optimizer for each, and will not come back to most


class SlowerBackendWarning(UserWarning):
    """A fast way to train failed, and a slower one took over."""


Ready = dict[Hashable, Run | str]  # a run, or why there is none
_ready: WeakKeyDictionary[Any, Ready] = WeakKeyDictionary()


def choose_run(
    backend: str,
    eager: Run,
    fast: Mapping[str, Callable[[], Run]],
    *,
    loss_fn: LossFn,
    situation: Hashable,
    num_steps: int,
) -> Run:
    """The run of a backend: one that is ready, or made now, or a slower one with a warning.

    Args:
        backend: one of `BACKENDS`.
        eager: the run that always works.
        fast: what prepares the others, by their names.
        loss_fn: what the runs are kept for.
        situation: all else that they depend on.
        num_steps: how many steps of one small network the training is worth.
    """
    ready = _kept_for(loss_fn, situation)
    reason = ""
    for name in _ways(backend, {name for name in fast if callable(ready.get((name, situation)))}, num_steps):
        found = ready.get((name, situation)) or _prepared(fast[name])
        _keep(ready, (name, situation), found)
        if not isinstance(found, str):
            _warn(backend, name, reason)
            return found
        reason = reason or found
    _warn(backend, "eager", reason)
    return eager


def has_compiler() -> bool:
    """Whether there is a C++ compiler, as far as can be seen without running it."""
    return any(shutil.which(name) for name in (environ.get("CXX"), "g++", "clang++", "cl") if name)


def _ways(backend: str, ready: set[str], num_steps: int) -> tuple[str, ...]:
    """The fast ways to try, in turn."""
    if backend == "auto":
        if "compiled" in ready or (num_steps >= STEPS_TO_COMPILE and has_compiler()):
            backend = "compiled"
        elif "traced" in ready or num_steps >= STEPS_TO_TRACE:
            backend = "traced"
    return {"compiled": ("compiled", "traced"), "traced": ("traced",)}.get(backend, ())


def _prepared(make: Callable[[], Run]) -> Run | str:
    try:
        return make()
    except CannotTrace as error:
        return f"loss_fn or optimizer cannot be traced: {error}"
    except Exception as error:  # the compiler's own, of any class
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return " ".join([f"{type(error).__name__}:", *lines[:2]])


def _keep(ready: Ready, what: Hashable, found: Run | str) -> None:
    """As the latest of all, of which the eldest goes."""
    ready.pop(what, None)
    ready[what] = found
    while len(ready) > KEPT:
        del ready[next(iter(ready))]


def _kept_for(loss_fn: LossFn, situation: Hashable) -> Ready:
    try:
        hash(situation)
        return _ready.setdefault(loss_fn, {})
    except TypeError:  # not hashable, or not to be referred to weakly
        return {}


def _warn(backend: str, instead: str, reason: str) -> None:
    if reason:
        warnings.warn(
            f"training runs {instead!r} instead of {backend!r}: {reason}. "
            f"The result is the same. With backend={instead!r} this is not tried.",
            SlowerBackendWarning,
            stacklevel=4,
        )
