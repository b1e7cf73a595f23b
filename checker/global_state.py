"""The settings of the whole process that a function could change: read as texts, or kept while something runs."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

START = 2026
"""A seed that nobody else starts from: a function that seeds by itself should be seen to do so."""


def read() -> dict[str, str]:
    """Give each setting as a text; equal texts mean an equal setting."""
    numpy_state: Any = np.random.get_state(legacy=False)
    return {
        "torch's random state": _fingerprint(torch.get_rng_state().numpy().tobytes()),
        "NumPy's random state": _fingerprint((numpy_state["state"]["key"].tobytes(), numpy_state["state"]["pos"])),
        "Python's random state": _fingerprint(random.getstate()),
        "the default dtype": str(torch.get_default_dtype()),
        "the default device": str(torch.get_default_device()),
        "grad mode": "on" if torch.is_grad_enabled() else "off",
        "the number of threads": str(torch.get_num_threads()),
        "deterministic algorithms": "on" if torch.are_deterministic_algorithms_enabled() else "off",
        "cudnn.deterministic": str(torch.backends.cudnn.deterministic),
        "cudnn.benchmark": str(torch.backends.cudnn.benchmark),
    }


@contextmanager
def preserved() -> Generator[None]:
    """Put every setting back at the end, whatever was done to it."""
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    with _all_but_random_states():
        try:
            yield
        finally:
            torch.set_rng_state(torch_state)
            np.random.set_state(numpy_state)
            random.setstate(python_state)


@contextmanager
def settled() -> Generator[None]:
    """Start the global random states where they always start, so that draws from them can be recognised.

    Every other setting is put back at the end; the random states, whose keeping takes longer than most calls, are not.
    NumPy's generator is one of ours, since a student's file may have exchanged it for one that takes no such seed.
    """
    numpys: Any = np.random  # its stubs know no generators that can be exchanged
    with _all_but_random_states():
        numpys.set_bit_generator(_GENERATOR)
        torch.default_generator.manual_seed(START)
        np.random.seed(START)
        random.seed(START)
        yield


_GENERATOR = np.random.MT19937()


@contextmanager
def _all_but_random_states() -> Generator[None]:
    dtype, device, grad = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        if torch.get_default_dtype() is not dtype:
            torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        torch.set_grad_enabled(grad)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.are_deterministic_algorithms_enabled() != deterministic:
            torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn


def _fingerprint(state: object) -> str:
    return f"state {hash(state) & 0xFFFFFFFF:08x}"
