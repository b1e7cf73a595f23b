"""Random numbers as a function of a key: those of `jax.random`, in torch.

The same key gives the same numbers, wherever and whenever: no call depends on those before it, or on torch's global
random state. So every draw needs a key of its own, made with `split` or `fold_in` (`xorfunc.keys` tells more), and a
thousand draws are one `torch.vmap` over keys.

The numbers are those of JAX from 0.5 on in its default configuration (`jax_threefry_partitionable`): equal bit for
bit, normal ones to 1e-5. They are on the key's device. Every function raises TypeError for a key that is no int64
tensor or a shape that is no tuple of integers, ValueError for a key of another shape than [2] or a negative size.
"""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from xorfunc.keys import Key, Shape, blocks, checked, fold_in, key, split, whole
from xorfunc.rounding import multiply_add

__all__ = [
    "Key",
    "Shape",
    "bernoulli",
    "bits",
    "fold_in",
    "key",
    "normal",
    "permutation",
    "permutations",
    "randint",
    "split",
    "uniform",
]

FLOATS = (torch.float32, torch.float64)


def bits(key: Key, shape: Shape = ()) -> Int[Tensor, "*shape"]:
    """Integers of 32 random bits, from 0 up to 2^32 - 1, as int64.

    >>> bits(key(0), (2,))
    tensor([4070199207, 4202968722])
    """
    x, y = blocks(key, shape)
    return x ^ y


def uniform(
    key: Key, shape: Shape = (), low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "*shape"]:
    """Numbers uniform in [low, high).

        low + (high - low) m / 2^b,     m an integer of b random bits

    with b = 23 in float32 and 52 in float64, rounded once. Where the span is small beside `low`, that may give `high`.

    Args:
        key: a key.
        shape: of the result.
        low: least number.
        high: end of the range.
        dtype: `torch.float32` or `torch.float64`; the bounds are rounded to it.

    Raises:
        ValueError: if `low` is above `high`, their span is not finite, or `dtype` is another.

    >>> uniform(key(0), (3,), -1.0, 1.0)
    tensor([ 0.8953,  0.9572, -0.3354])
    """
    if not 0 <= high - low < math.inf:
        raise ValueError(f"low={low!r}, high={high!r}: uniform needs low <= high, both finite. Are they swapped?")
    unit = _mantissas(key, shape, dtype)
    if low == 0 and high == 1:
        return unit
    least = torch.full((), low, dtype=dtype, device=unit.device)
    return multiply_add(unit, torch.full_like(least, high) - least, least)


def normal(key: Key, shape: Shape = (), dtype: torch.dtype = torch.float32) -> Float[Tensor, "*shape"]:
    """Numbers from the standard normal distribution.

        sqrt(2) erfinv(u),     u uniform in (-1, 1)

    Args:
        key: a key.
        shape: of the result.
        dtype: `torch.float32` or `torch.float64`.

    Raises:
        ValueError: if `dtype` is another.

    >>> normal(key(0), (3,))
    tensor([ 1.6226,  2.0253, -0.4336])
    """
    u = _mantissas(key, shape, dtype) * 2
    u = u + (torch.finfo(dtype).eps / 2 - 1)
    # JAX's erfinv knows u only by u^2, rounded: 2e-5 off in the tails of float32, and here they must be the same 2e-5.
    return (math.sqrt(2) * torch.erfinv((u * u).double().sqrt()).copysign(u)).to(dtype)


def randint(key: Key, shape: Shape, low: int, high: int) -> Int[Tensor, "*shape"]:
    """Integers uniform in [low, high), as int64.

        low + (2^32 a + b) mod (high - low),     a, b integers of 32 random bits

    Numbers and range are those of JAX's int32. As there, `a` is lost where the span is above 2^16: some integers then
    come q + 1 times where others come q times, with q = 2^32 // span.

    Args:
        key: a key.
        shape: of the result.
        low: least integer, at least -2^31.
        high: end of the range, at most 2^31.

    Raises:
        ValueError: if `low` is not below `high`, or one is out of range.

    >>> randint(key(0), (5,), 1, 7)
    tensor([2, 1, 3, 2, 6])
    """
    if not -(2**31) <= whole("low", low) < whole("high", high) <= 2**31:
        raise ValueError(
            f"low={low!r}, high={high!r}: randint needs -2**31 <= low < high <= 2**31. `high` itself is never drawn."
        )
    span = high - low
    a, b = (bits(subkey, shape) for subkey in split(key))
    carry = 2**32 % span if span <= 2**16 else 0  # JAX squares 2^16 % span in 32 bits, where the square of 2^16 is 0
    return low + (a % span * carry + b % span) % span


def bernoulli(key: Key, p: float | Float[Tensor, "*p"] = 0.5, shape: Shape | None = ()) -> Bool[Tensor, "*shape"]:
    """Booleans, True with probability p: `uniform(key, shape) < p`.

    Args:
        key: a key.
        p: a probability, or a tensor of them, in float32 or float64.
        shape: of the result; `p` is broadcast to it. Left out (or None, as in JAX), it is that of `p`.

    Raises:
        ValueError: if the number `p` is no probability, or the tensor `p` of another dtype, or not to be broadcast.

    >>> bernoulli(key(0), torch.tensor([0.0, 0.5, 1.0]))
    tensor([False, False,  True])
    """
    if not isinstance(p, Tensor):
        if not 0 <= p <= 1:
            raise ValueError(f"p={p!r}: a probability is from 0 up to 1. Divide a percentage by 100.")
        p = torch.full((), p, dtype=torch.float32, device=checked(key).device)
    elif p.dtype not in FLOATS:
        raise ValueError(f"p of dtype {p.dtype}: probabilities are torch.float32 or torch.float64. Convert them.")
    u = uniform(key, p.shape if shape is None or shape == () else shape, dtype=p.dtype)
    try:
        return u < p.expand(u.shape)
    except RuntimeError as error:
        raise ValueError(
            f"p of shape {tuple(p.shape)}, shape={shape!r}: `p` must broadcast to it. Leave `shape` out for its own."
        ) from error


def permutation(key: Key, n_or_x: int | Shaped[Tensor, "N *rest"]) -> Shaped[Tensor, "N *rest"]:
    """The integers from 0 up to n - 1, or the rows of x, in random order.

    They are sorted by 32 random bits each, ceil(3 log n / log(2^32 - 1)) times, each time by fresh ones: the chance
    that some two tie every time, and keep their order, is less than 1 / n.

    Args:
        key: a key.
        n_or_x: n, or a tensor x, of which the first axis is permuted.

    Returns:
        int64 `[n]`, or a tensor like x.

    Raises:
        ValueError: if n is negative or x a scalar.

    >>> permutation(key(0), 5)
    tensor([0, 1, 4, 3, 2])
    >>> permutation(key(0), torch.tensor([2.0, 3.0, 5.0, 7.0, 11.0]))
    tensor([ 2.,  3., 11.,  7.,  5.])
    """
    if isinstance(n_or_x, Tensor):
        if n_or_x.ndim == 0:
            raise ValueError(f"n_or_x={n_or_x!r}: a scalar tensor has no rows to permute. Did you mean its `.item()`?")
        return n_or_x[permutation(key, len(n_or_x))]
    n = _length(n_or_x)
    order = torch.arange(n, device=checked(key).device)
    for _ in range(_rounds(n)):
        key, subkey = split(key).unbind()
        order = order[bits(subkey, (n,)).argsort(stable=True)]
    return order


def permutations(keys: Int[Tensor, "K 2"], n: int) -> Int[Tensor, "K n"]:
    """A permutation for each of many keys, `torch.vmap` of `permutation` in a fraction of its time.

    Args:
        keys: many keys.
        n: of each permutation.

    Raises:
        ValueError: if n is negative.

    >>> permutations(split(key(0)), 5).tolist() == [permutation(k, 5).tolist() for k in split(key(0))]
    True
    """
    order = torch.arange(_length(n), device=keys.device).expand(len(keys), n)
    for _ in range(_rounds(n)):
        keys, subkeys = torch.func.vmap(split)(keys).unbind(1)
        order = order.gather(1, _sorting(torch.func.vmap(lambda key: bits(key, (n,)))(subkeys)))
    return order


def _length(n: int) -> int:
    if whole("n_or_x", n) < 0:
        raise ValueError(f"n_or_x={n!r}: a permutation is of 0 or more. Is the number a difference of two others?")
    return whole("n_or_x", n)


def _rounds(n: int) -> int:
    """How often a permutation is sorted anew, as in JAX."""
    return math.ceil(3 * math.log(max(1, n)) / math.log(2**32 - 1))


def _sorting(bits: Int[Tensor, "K n"]) -> Int[Tensor, "K n"]:
    """`bits.argsort(stable=True)`, by sorting each number with its place behind it: NumPy takes a tenth of the time."""
    places = torch.arange(bits.shape[-1], device=bits.device)
    packed = bits << 31 | places
    if packed.device.type == "cpu":
        packed = torch.from_numpy(np.sort(packed.numpy(), axis=-1))
    else:
        packed = packed.sort(-1).values
    return packed & (2**31 - 1)


def _mantissas(key: Key, shape: Shape, dtype: torch.dtype) -> Float[Tensor, "*shape"]:
    """Multiples of 2^-b uniform in [0, 1), for the b = 23 or 52 bits of a float's mantissa."""
    if dtype not in FLOATS:
        raise ValueError(f"dtype={dtype!r}: it must be torch.float32 or torch.float64. Convert the numbers afterwards.")
    x, y = blocks(key, shape)
    return ((x ^ y) >> 9).float() * 2.0**-23 if dtype == torch.float32 else (x << 20 | y >> 12).double() * 2.0**-52
