"""Answers without sense, made of right ones: whatever a check asks, these must fail it.

Each takes a right function and gives one of the same signature that answers zeros, a constant, its own first
argument, or the right answer with one entry too many. Of a right class it gives a subclass whose methods do so.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

Answer = Callable[..., Any]


def zeros(right: Answer) -> Answer:
    """Answer zeros of the right kind and shape."""
    return _spoiled(right, lambda leaf: leaf * 0)


def constant(right: Answer) -> Answer:
    """Answer ones of the right kind and shape."""
    return _spoiled(right, lambda leaf: leaf * 0 + 1)


def off_by_one(right: Answer) -> Answer:
    """Answer right, with one entry too many."""
    return _spoiled(right, _longer)


def echo(right: Answer) -> Answer:
    """Answer with the first argument, whatever was asked."""
    if inspect.isclass(right):
        return _with_methods(right, lambda method: lambda itself, *inputs: inputs[0] if inputs else None)

    @functools.wraps(right)
    def answer(*inputs: Any) -> Any:
        return inputs[0] if inputs else None

    return answer


SENSELESS: Mapping[str, Callable[[Answer], Answer]] = {
    function.__name__: function for function in (zeros, constant, echo, off_by_one)
}


def _with_methods(right: type, instead: Callable[[Answer], Answer]) -> type:
    """Give a subclass of which every method but the constructor is another one."""
    methods = {name: instead(value) for name, value in vars(right).items() if inspect.isfunction(value)}
    methods.pop("__init__", None)
    return type(right.__name__, (right,), methods)


def _spoiled(right: Answer, spoil: Callable[[Any], Any]) -> Answer:
    if inspect.isclass(right):
        return _with_methods(right, lambda method: _spoiled(method, spoil))

    @functools.wraps(right)
    def answer(*inputs: Any) -> Any:
        # Copies, so that a function that works in place leaves no right answer in its arguments.
        return _changed(right(*(_copied(value) for value in inputs)), spoil)

    return answer


def _changed(value: Any, spoil: Callable[[Any], Any]) -> Any:
    if callable(value) and not isinstance(value, Tensor):
        return _spoiled(value, spoil)
    if isinstance(value, Mapping):
        return {name: _changed(item, spoil) for name, item in value.items()}
    if isinstance(value, (Tensor, np.ndarray)) or (isinstance(value, tuple) and spoil is _longer):
        return spoil(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_changed(item, spoil) for item in value)
    return spoil(value)


def _longer(value: Any) -> Any:
    if isinstance(value, Tensor):
        flat = value.reshape(1) if value.ndim == 0 else value
        return torch.cat([flat, flat[-1:] if len(flat) else flat.new_zeros(1, *flat.shape[1:])])
    if isinstance(value, np.ndarray):
        flat = np.atleast_1d(value)
        return np.concatenate([flat, flat[-1:] if len(flat) else np.zeros((1, *flat.shape[1:]), flat.dtype)])
    if isinstance(value, tuple):
        return (*value, 1)
    return [value, value]


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value.copy() if isinstance(value, np.ndarray) else value
