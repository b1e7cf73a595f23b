"""Continuous XOR: points around the corners of the unit square, labelled by exclusive or.

No line parts the two classes, so a network needs a hidden layer to solve it; two coordinates, so that
all it learns can be drawn. Data is a function of a key: the same key gives the same points on every machine.
"""

from typing import TypeAlias

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.utils.data import Dataset

from xorfunc.random import Key, normal, permutation, randint, split

Batch: TypeAlias = tuple[Tensor, Tensor]  # (x [B, ...], y [B, ...])


def xor_labels(bits: Int[Tensor, "N 2"]) -> Int[Tensor, "N"]:
    """Exclusive or of the two bits of each row: 1 exactly where one of them is 1.

    >>> xor_labels(torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]))
    tensor([0, 1, 1, 0])
    """
    return bits[:, 0] ^ bits[:, 1]


def continuous_xor(key: Key, size: int, std: float) -> tuple[Float[Tensor, "{size} 2"], Int[Tensor, "{size}"]]:
    """Noisy corners of the unit square and the exclusive or of the corner they came from.

        corner ~ uniform over {0, 1}^2        x = corner + std e,  e ~ N(0, I)        y = xor(corner)

    Args:
        key: a random key; it determines the data.
        size: number of points.
        std: standard deviation of the noise in each coordinate; 0 gives the corners themselves.

    Returns:
        `x` as float32 and `y` as int64.

    Raises:
        ValueError: if `std` is negative.

    >>> from xorfunc.random import key
    >>> x, y = continuous_xor(key(0), size=3, std=0.0)
    >>> bool((y == (x[:, 0] != x[:, 1])).all())
    True
    """
    if not std >= 0:
        raise ValueError(f"std={std!r}: a standard deviation is at least 0. 0.1 keeps the corners apart.")
    corner_key, noise_key = split(key)
    corners = randint(corner_key, (size, 2), 0, 2)
    x = corners.to(torch.float32) + std * normal(noise_key, (size, 2))
    return x, xor_labels(corners)


def minibatches(
    key: Key,
    x: Shaped[Tensor, "N *x"],
    y: Shaped[Tensor, "N *y"],
    batch_size: int,
    drop_last: bool = False,
) -> list[Batch]:
    """All examples in a random order, cut into batches.

    The data is gathered once, in its new order, and the batches are views of it: indexing each batch by itself
    costs more than a step of a small network.

    Args:
        key: a random key; it determines the order.
        x: inputs.
        y: their targets.
        batch_size: examples in a batch.
        drop_last: leave out the last batch if it is short of `batch_size`, instead of giving it short.

    Raises:
        ValueError: if `batch_size` is less than 1, or `x` and `y` differ in length.

    >>> from xorfunc.random import key
    >>> x = torch.arange(5.0)
    >>> [len(xb) for xb, yb in minibatches(key(0), x, x, batch_size=2)]
    [2, 2, 1]
    """
    require_batches(x, y, batch_size)
    order = permutation(key, len(x))
    x, y = x[order], y[order]
    stop = len(x) - len(x) % batch_size if drop_last else len(x)
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, stop, batch_size)]


def require_batches(x: Tensor, y: Tensor, batch_size: int) -> None:
    """Raise unless the examples can be cut into batches.

    Raises:
        ValueError: if `batch_size` is less than 1, or `x` and `y` differ in length.

    >>> require_batches(torch.zeros(2), torch.zeros(3), batch_size=1)
    Traceback (most recent call last):
    ...
    ValueError: x has 2 examples, y 3: each needs its partner. Cut both alike.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r}: a batch holds at least 1 example. 128 is a common size.")
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)!r} examples, y {len(y)!r}: each needs its partner. Cut both alike.")


class XORDataset(Dataset[Batch]):
    """Continuous XOR for `torch.utils.data.DataLoader`: item i is one point `[2]` and its label `[]`.

    >>> from xorfunc.random import key
    >>> dataset = XORDataset(key(0), size=100)
    >>> x, y = dataset[99]
    >>> len(dataset), x.shape, y.shape
    (100, torch.Size([2]), torch.Size([]))
    """

    def __init__(self, key: Key, size: int, std: float = 0.1) -> None:
        self.x, self.y = continuous_xor(key, size, std)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Float[Tensor, "2"], Int[Tensor, ""]]:
        return self.x[index], self.y[index]
