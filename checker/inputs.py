"""Descriptions of arguments: what `checks.py` says of the inputs that a function is asked with.

`tensor("N D")` and its like are data. `draw` makes inputs of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch


class Input:
    """A description of one argument; `a | b` is sometimes the one, sometimes the other."""

    def __or__(self, other: Input) -> Input:
        return Either((self, other))


@dataclass(frozen=True)
class TensorInput(Input):
    """A tensor or an array of a named shape."""

    shape: str
    low: float = -4.0
    high: float = 4.0
    dtype: torch.dtype | None = None
    kind: Literal["tensor", "array"] = "tensor"
    requires_grad: bool | None = False
    zero: bool = True


@dataclass(frozen=True)
class RowsInput(Input):
    """A matrix as nested lists of Python numbers."""

    shape: str


@dataclass(frozen=True)
class ParamsInput(Input):
    """A dict of tensors."""

    shapes: Mapping[str, str]


@dataclass(frozen=True)
class SizeInput(Input):
    """The size of a named dimension, as an int."""

    dim: str


@dataclass(frozen=True)
class NumberInput(Input):
    """A Python number within bounds."""

    low: float
    high: float
    kind: Literal["int", "float", "bool"]


@dataclass(frozen=True)
class KeyInput(Input):
    """A random key."""


@dataclass(frozen=True)
class Either(Input):
    """One of several inputs or values."""

    choices: tuple[Any, ...]

    def __or__(self, other: Input) -> Input:
        return Either((*self.choices, other))


def tensor(
    shape: str,
    *,
    low: float = -4.0,
    high: float = 4.0,
    dtype: torch.dtype | None = None,
    requires_grad: bool | None = False,
    zero: bool = True,
) -> Input:
    """Describe a tensor.

    Args:
        shape: names of its dimensions, "N D"; a product of names is one dimension, "R*C"; "..." stands for any
            dimensions, the same wherever it stands in one call; "" is a scalar.
        low: least entry.
        high: greatest entry.
        dtype: what its dtype is always; by default it is float32, and float64 where a law asks for it.
        requires_grad: whether it requires grad; None for sometimes.
        zero: whether an entry may be 0, where some right answers have a kink and no gradient.
    """
    return TensorInput(shape, low, high, dtype, "tensor", requires_grad, zero)


def array(shape: str, *, low: float = -4.0, high: float = 4.0) -> Input:
    """Describe a NumPy array of floats; the shape is written as for `tensor`."""
    return TensorInput(shape, low, high, kind="array")


def labels(shape: str) -> Input:
    """Describe a tensor of int64 zeros and ones."""
    return TensorInput(shape, 0, 1, torch.int64)


def rows(shape: str) -> Input:
    """Describe a matrix as a list of lists of Python numbers: floats, or ints, or both."""
    return RowsInput(shape)


def params(shapes: Mapping[str, str]) -> Input:
    """Describe a dict of tensors: `params({"w": "D", "b": ""})`."""
    return ParamsInput(dict(shapes))


def size(dim: str) -> Input:
    """Describe an int that is the size of a named dimension of the same call."""
    return SizeInput(dim)


def integer(low: int, high: int) -> Input:
    """Describe an int between two bounds, both included."""
    return NumberInput(low, high, "int")


def number(low: float, high: float) -> Input:
    """Describe a float between two bounds."""
    return NumberInput(low, high, "float")


def boolean() -> Input:
    """Describe True or False."""
    return NumberInput(0, 1, "bool")


def key() -> Input:
    """Describe a random key of `xorfunc.random`."""
    return KeyInput()


def one_of(*choices: Any) -> Input:
    """Describe one of several values: functions that `checks.py` defines, numbers, strings, or other inputs."""
    return Either(choices)


def dimensions(inputs: Mapping[str, Input]) -> list[str]:
    """Give the names of all dimensions, in the order in which the arguments mention them."""

    def words(given: Any) -> Iterator[str]:
        match given:
            case Either(choices):
                for choice in choices:
                    yield from words(choice)
            case TensorInput() | RowsInput():
                yield from given.shape.replace("*", " ").split()
            case ParamsInput(shapes):
                yield from " ".join(shapes.values()).replace("*", " ").split()
            case SizeInput(dim):
                yield from dim.replace("*", " ").split()
            case _:
                pass

    mentioned = (word for given in inputs.values() for word in words(given) if not word.isdigit())
    return list(dict.fromkeys(mentioned))
