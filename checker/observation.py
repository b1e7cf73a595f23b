"""What a trial saw, as plain data that two processes can exchange and a third party can compare.

An observation is a tree of None, bool, int, float, str, list, tuple and dict whose other leaves are the four small
classes below. The same form carries the inputs of a call. `plain` makes a tree from whatever an answer returned,
`live` makes real tensors, arrays and functions of a tree, fresh each time, so that no call can touch another's
arguments. `wire` turns trees into bytes, `agreement` compares them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

type_name = type.__qualname__  # kept from before any student's code could replace things

Tree = Any  # None | bool | int | float | str | list[Tree] | tuple[Tree, ...] | dict[str | int, Tree] | a leaf below

MAX_DEPTH = 32
MAX_TEXT = 10_000


@dataclass(frozen=True, eq=False)
class Array:
    """A tensor or a NumPy array: its values on the CPU and what else a comparison or a call needs of it."""

    data: Tensor
    kind: Literal["tensor", "array"] = "tensor"
    device: str = "cpu"
    strided: bool = False  # as an input: lay it out non-contiguously
    requires_grad: bool = False


@dataclass(frozen=True)
class Raised:
    """An exception: its type, its text, and the student's own lines from the outermost to the innermost."""

    type: str
    message: str
    lines: tuple[tuple[int, str, str], ...] = ()  # line number, function, source
    innermost_is_own: bool = False  # raised by the student's code itself, not by something that it called


@dataclass(frozen=True)
class Named:
    """A thing known by its name on both sides: a dtype, a device, or a function that `checks.py` defines."""

    kind: Literal["dtype", "device", "function"]
    name: str


@dataclass(frozen=True)
class Other:
    """Anything else, which no answer should hold: only its type and its text."""

    type: str
    text: str = field(compare=False, default="")
