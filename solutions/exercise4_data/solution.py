"""Exercise 4: continuous XOR, the data that the whole course learns from.

Exclusive or asks of two bits whether they differ. Its continuous form asks it of points in the plane: each point lies
near a corner of the unit square, and its label is the exclusive or of that corner's two bits. No line parts the two
classes, so a network needs a hidden layer; and two coordinates can be drawn, so that you see what it has learned.

Random numbers come from keys, as in JAX. `random.normal(key, shape)` gives the same numbers whenever it is called with
the same key, so whoever needs different numbers needs different keys, and `random.split(key)` makes them. Nothing here
may touch PyTorch's global random state.

Write each function, then run `xor-check exercise4`.
"""

import torch
from torch import Tensor
from torch.utils.data import Dataset

from xorfunc import random


def xor_labels(bits: Tensor) -> Tensor:
    """Give the exclusive or of the two bits of each row.

    Args:
        bits: zeros and ones, [N, 2], int64.

    Returns:
        1 exactly where one of the two bits is 1, else 0: [N], int64.

    >>> xor_labels(torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]))
    tensor([0, 1, 1, 0])
    """
    return bits[:, 0] ^ bits[:, 1]


def continuous_xor(key: Tensor, size: int, std: float) -> tuple[Tensor, Tensor]:
    """Draw noisy corners of the unit square, and the exclusive or of the corners.

        corner ~ uniform over {0, 1}^2        x = corner + std e,  e ~ N(0, I)        y = xor(corner)

    The label is that of the corner that a point comes from, wherever the noise has carried the point. `std` is the
    standard deviation of the noise, not its variance. Two things are drawn here, so two keys are needed.

    Args:
        key: a random key; it decides all the data.
        size: the number of points.
        std: the standard deviation of the noise in each coordinate; with 0 the points are the corners.

    Returns:
        x [size, 2], float32, and y [size], int64.

    >>> x, y = continuous_xor(random.key(0), size=5, std=0.1)
    >>> x.shape, x.dtype, y.shape, y.dtype
    (torch.Size([5, 2]), torch.float32, torch.Size([5]), torch.int64)
    """
    corner_key, noise_key = random.split(key)
    corners = random.randint(corner_key, (size, 2), 0, 2)
    x = corners + std * random.normal(noise_key, (size, 2))
    return x, xor_labels(corners)


def minibatches(
    key: Tensor, x: Tensor, y: Tensor, batch_size: int, drop_last: bool = False
) -> list[tuple[Tensor, Tensor]]:
    """Shuffle the examples, and cut them into batches.

    Each step of training looks at one batch. `random.permutation(key, n)` gives the numbers 0 to n - 1 in random
    order. The training loop of exercise 8 calls this with another key for every epoch.

    Args:
        key: a random key; it decides the order.
        x: N inputs, [N, D].
        y: their N labels, [N].
        batch_size: how many examples a batch has.
        drop_last: leave out the last batch if it is short of examples, instead of giving it short.

    Returns:
        The batches, in a list of pairs (xb [B, D], yb [B]): every example once, and each x with its own y.

    >>> x, y = torch.tensor([[0.0], [1.0], [2.0], [3.0], [4.0]]), torch.tensor([0, 1, 2, 3, 4])
    >>> [len(yb) for xb, yb in minibatches(random.key(0), x, y, batch_size=2)]
    [2, 2, 1]
    >>> [len(yb) for xb, yb in minibatches(random.key(0), x, y, batch_size=2, drop_last=True)]
    [2, 2]
    """
    order = random.permutation(key, len(x))
    batches = [(x[part], y[part]) for part in order.split(batch_size)]
    if drop_last and len(x) % batch_size != 0:
        batches.pop()
    return batches


class XORDataset(Dataset):
    """Continuous XOR in PyTorch's own form, for `torch.utils.data.DataLoader`.

    A `Dataset` knows its length and gives one example at a time; a `DataLoader` shuffles, collects batches, and can
    load them in other processes. For data that fits in memory `minibatches` is simpler and much faster, but you will
    meet this form everywhere.

    >>> dataset = XORDataset(random.key(0), size=100)
    >>> x, y = dataset[99]
    >>> len(dataset), x.shape, y.shape
    (100, torch.Size([2]), torch.Size([]))
    """

    def __init__(self, key: Tensor, size: int, std: float = 0.1) -> None:
        """Draw the data, once.

        Args:
            key: a random key; the same key gives the same data.
            size: the number of points.
            std: the standard deviation of the noise.
        """
        self.x, self.y = continuous_xor(key, size, std)

    def __len__(self) -> int:
        """Give the number of points."""
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Give point number `index`, x [2], and its label, y []; past the end, an IndexError."""
        return self.x[index], self.y[index]
