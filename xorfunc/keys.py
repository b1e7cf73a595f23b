"""A random key, and the keys made from it.

A key stands for a whole stream of blocks: the numbers 0, 1, 2, ..., each enciphered under it. It holds no state that a
draw could advance, so a function given the same key gives the same numbers, and whoever needs others needs another key.
Any block will serve as one: `split` takes the first few, `fold_in` the one with a given number. The cipher stands in
`xorfunc.threefry`; `xorfunc.random` turns blocks into numbers.
"""

import math
import operator
from collections.abc import Sequence
from typing import SupportsIndex, TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor

from xorfunc.threefry import MASK, threefry2x32

Key: TypeAlias = Int[Tensor, "2"]  # int64, each entry from 0 up to 2^32 - 1
Shape: TypeAlias = Sequence[int]


def key(seed: int | Int[Tensor, ""]) -> Key:
    """The key of a seed: `[0, seed mod 2^32]`.

    As in JAX without its 64-bit mode, seeds that differ by a multiple of 2^32 give one key, and -1 is 2^32 - 1.

    Args:
        seed: an integer of 64 bits, or a scalar tensor of one, such as `torch.vmap` hands over.

    Raises:
        TypeError: if `seed` is no integer.
        ValueError: if it needs more than 64 bits, or is a tensor of more than one.

    >>> key(42)
    tensor([ 0, 42])
    """
    word = _integer("seed", seed, -(2**63), 2**63) & MASK
    return torch.stack((torch.zeros_like(word), word))


def split(key: Key, num: int = 2) -> Int[Tensor, "{num} 2"]:
    """New keys from one key: the i-th is the cipher's block number i.

    The old key is used up: whatever else is drawn with it depends on the new ones.

    Args:
        key: a key.
        num: how many keys to make.

    Raises:
        ValueError: if `num` is less than 1.

    >>> split(key(0))
    tensor([[1797259609, 2579123966],
            [ 928981903, 3453687069]])
    """
    if whole("num", num) < 1:
        raise ValueError(f"num={num!r}: a key splits into at least 1 key. Leave `num` out for two.")
    return torch.stack(blocks(key, (num,)), dim=-1)


def fold_in(key: Key, data: int | Int[Tensor, ""]) -> Key:
    """A new key from a key and a number, such as that of an epoch.

        fold_in(key, i) = split(key, num)[i]     for i < num

    so either split a key or fold numbers into it, not both: some of the new keys would be the same.

    Args:
        key: a key.
        data: an integer from 0 up to 2^32 - 1, or a scalar tensor, taken modulo 2^32.

    Raises:
        TypeError: if `data` is no integer.
        ValueError: if it is out of range, or a tensor of more than one.

    >>> epoch_key = fold_in(key(0), 7)
    >>> torch.equal(epoch_key, split(key(0), 10)[7])
    True
    """
    counter = _integer("data", data, 0, 2**32).to(checked(key).device) & MASK
    return torch.stack(threefry2x32(key, counter))


def blocks(key: Key, shape: Shape) -> tuple[Int[Tensor, "*shape"], Int[Tensor, "*shape"]]:
    """The first blocks of a key's stream, as many as `shape` has entries: their first words, and their second.

    Args:
        key: a key.
        shape: of each of the two results.

    Raises:
        TypeError: if `key` is no int64 tensor, or `shape` no tuple of integers.
        ValueError: if `key` has another shape than [2], or `shape` a negative size.

    >>> first, second = blocks(key(0), (2, 3))
    >>> first.shape, second.shape
    (torch.Size([2, 3]), torch.Size([2, 3]))
    """
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError as error:
        raise TypeError(
            f"shape={shape!r}: a shape is a tuple of integers. That of a vector of five is (5,), that of a number ()."
        ) from error
    if min(sizes, default=0) < 0:
        raise ValueError(f"shape={shape!r}: every size is at least 0. Is the shape a difference of two others?")
    counter = torch.arange(math.prod(sizes), device=checked(key).device).reshape(sizes)
    return threefry2x32(key, counter)


def checked(key: object) -> Key:
    """The key itself, if it is one.

    Raises:
        TypeError: if it is no int64 tensor.
        ValueError: if it has another shape than [2].
    """
    advice = "Make one with xorfunc.random.key(seed)."
    if not isinstance(key, Tensor):
        raise TypeError(f"key={key!r}: a key is an int64 tensor of shape [2]. {advice}")
    if key.dtype != torch.int64:
        raise TypeError(f"key of dtype {key.dtype}: a key is an int64 tensor of shape [2]. {advice}")
    if key.ndim > 1 and key.shape[-1] == 2:
        raise ValueError(
            f"key of shape {tuple(key.shape)}: these are many keys, one has shape [2]. Use torch.vmap over all, or one."
        )
    if key.shape != (2,):
        raise ValueError(f"key of shape {tuple(key.shape)}: a key is an int64 tensor of shape [2]. {advice}")
    return key


def whole(name: str, value: SupportsIndex) -> int:
    """The value of an argument as an int, if it is an integer.

    Raises:
        TypeError: if it is none; `name` says which argument it was.
    """
    try:
        return operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name}={value!r}: it must be an integer. Convert it, with int() say.") from error


def _integer(name: str, value: int | Int[Tensor, ""], start: int, stop: int) -> Int[Tensor, ""]:
    """A number as a scalar tensor of int64, if it is an integer from `start` up to `stop` - 1."""
    if isinstance(value, Tensor):
        if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
            raise TypeError(f"{name} of dtype {value.dtype}: it must be an integer. Convert it, with .long() say.")
        if value.ndim:
            raise ValueError(
                f"{name} of shape {tuple(value.shape)}: it must be one number. Use torch.vmap for a key of each."
            )
        return value.to(torch.int64)
    if not start <= whole(name, value) < stop:
        raise ValueError(f"{name}={value!r}: it must be from {start} up to {stop - 1}. Take it modulo 2**32.")
    return torch.tensor(value, dtype=torch.int64)
