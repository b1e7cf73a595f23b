"""Trees written as Python that can be pasted into a session."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from checker.observation import Array, Named, Other, Raised, Tree

SHOWN = 64
"""Entries of a tensor that is only looked at; one that is to be made again is written out whole."""


def literal(tree: Tree, *, digits: int | None = None) -> str:
    """Give the Python expression of a tree.

    Args:
        tree: what to write.
        digits: significant digits of entries, for a reader, who of a large tensor only sees the shape and the dtype;
            by default it is an expression that makes the same tree again.
    """

    def nested(item: Tree) -> str:
        return literal(item, digits=digits)

    if isinstance(tree, Array):
        return _array(tree, digits)
    if isinstance(tree, Named):
        return tree.name if tree.kind != "device" else f'torch.device("{tree.name}")'
    if isinstance(tree, Raised):
        return f"{tree.type}: {tree.message}" if tree.message else tree.type
    if isinstance(tree, Other):
        return tree.text or tree.what
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {nested(item)}" for key, item in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(nested, tree)) + "]"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(nested, tree)) + ("," if len(tree) == 1 else "") + ")"
    if isinstance(tree, float):
        return _float(tree, digits)
    return repr(tree)


def _array(array: Array, digits: int | None) -> str:
    data, is_tensor = array.data, array.kind == "tensor"
    if digits is not None and data.numel() > SHOWN:
        return f"a tensor of shape {list(data.shape)}, {data.dtype}"
    strided = array.strided and data.numel() > 1
    turned = strided and data.ndim >= 2 and is_tensor
    dtype = _dtype(array)
    if array.code:
        text = array.code if is_tensor else f"{array.code}.numpy()"
        text += ".mT.contiguous()" if turned else ""
    elif 0 in data.shape and data.ndim > 1:
        text = f"{'torch' if is_tensor else 'np'}.empty({list(data.shape)}{dtype})"
    else:
        text = f"{'torch.tensor' if is_tensor else 'np.array'}({_numbers(data.mT if turned else data, digits)}{dtype})"
    if strided:
        text += ".mT" if turned else ".repeat_interleave(2)[::2]" if is_tensor else ".repeat(2, axis=-1)[..., ::2]"
    if is_tensor and array.device != "cpu":
        text += f'.to("{array.device}")'
    return f"{text}.requires_grad_()" if array.requires_grad else text


def _dtype(array: Array) -> str:
    dtype = array.data.dtype
    if array.kind == "array":
        return f', dtype="{str(dtype).removeprefix("torch.")}"' if dtype is not torch.float64 else ""
    inferred = {torch.float32} | ({torch.int64, torch.bool} if array.data.numel() else set())
    return "" if dtype in inferred else f", dtype={dtype}"


def _numbers(data: Tensor, digits: int | None) -> str:
    if data.ndim:
        return "[" + ", ".join(_numbers(row, digits) for row in data) + "]"
    value = data.item()
    if data.dtype is torch.float32 and isinstance(value, float) and digits is None:
        return _float(float(str(np.float32(value))), None)  # the shortest text for single precision
    return _float(value, digits) if isinstance(value, float) else repr(value)


def _float(value: float, digits: int | None) -> str:
    if not math.isfinite(value):
        return f'float("{value}")'
    text = repr(value) if digits is None else f"{value:.{digits}g}"
    return text if any(mark in text for mark in ".e") else f"{text}.0"
