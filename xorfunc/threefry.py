"""Threefry-2x32, a block cipher so cheap that its ciphertexts serve as random numbers.

A counter-based generator has no state to advance. Block n of a stream is the number n, enciphered under the key, so any
block can be had without those before it: in any order, on any device, for many keys at once. Twenty rounds of add,
rotate and exclusive or suffice for statistical tests to find no pattern in the blocks (Salmon, Moraes, Dror and Shaw,
"Parallel random numbers: as easy as 1, 2, 3", SC 2011, https://doi.org/10.1145/2063384.2063405).

The cipher adds unsigned 32-bit words, which torch cannot; but int32 wraps around modulo 2^32 all the same, in half the
memory of int64. What is drawn from the blocks stands in `xorfunc.random`.
"""

import torch
from jaxtyping import Int, Int32
from torch import Tensor

MASK = 2**32 - 1  # cuts a number down to its lowest word

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def threefry2x32(
    key: Int[Tensor, "2"], counter: Int[Tensor, "*shape"]
) -> tuple[Int[Tensor, "*shape"], Int[Tensor, "*shape"]]:
    """Each counter, as a block of two words, enciphered under the key.

        (x, y) = (counter // 2^32 + k_0, counter + k_1)
        five times:  four times:  x = x + y;  y = rotate(y) xor x
                     x, y = x + the next of k_0, k_1, k_0 xor k_1 xor PARITY,  y + the one after it + times so far

    All of it modulo 2^32, and so are the entries of `key`.

    Args:
        key: two words.
        counter: 64-bit numbers of the blocks.

    Returns:
        The first and the second word of each block, each from 0 up to 2^32 - 1.

    >>> x, y = threefry2x32(torch.tensor([0, 0]), torch.tensor(0))
    >>> hex(x), hex(y)
    ('0x6b200159', '0x99ba4efe')
    """
    k0, k1 = key.to(torch.int32).unbind()
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    x, y = (counter >> 32).to(torch.int32) + k0, counter.to(torch.int32) + k1
    for group in range(5):
        for distance in ROTATIONS[group % 2]:
            x = x + y
            y = _rotate(y, distance) ^ x
        x = x + schedule[(group + 1) % 3]
        y = y + (schedule[(group + 2) % 3] + (group + 1))
    return x.to(torch.int64) & MASK, y.to(torch.int64) & MASK


def _rotate(x: Int32[Tensor, "*shape"], distance: int) -> Int32[Tensor, "*shape"]:
    """The bits of each word moved `distance` to the left; those that leave come in on the right."""
    arrivals = x >> (32 - distance) & (2**distance - 1)  # the shift drags copies of the sign along
    return torch.add(arrivals, x, alpha=2**distance)  # shift and merge at once: a fifth of the rounds' time
