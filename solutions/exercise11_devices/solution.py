"""Exercise 11: the same code on CPU and GPU.

A tensor lives on a device, and what is computed from it is computed there. So a program chooses its device once, moves
its parameters and its data there, and everything in between follows its inputs: none of the functions that you wrote
so far has to be changed for a GPU.

Three things do change. Tensors of one computation must be on one device. A GPU has random numbers of its own, for code
that uses global seeds instead of keys. And it works on while Python has long moved on, so that a clock must wait for
it. No GPU is needed for this exercise: where there is none, the checks pretend one and watch what you ask of it.

Write each function, then run `xor-check exercise11`.
"""

import random
import time

import numpy as np
import torch
from torch import Tensor

Params = dict[str, Tensor]


def pick_device() -> torch.device:
    """Give the CUDA device if there is one, else the CPU.

    >>> pick_device().type in ("cuda", "cpu")
    True
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_device(params: Params, device: torch.device) -> Params:
    """Give the same parameters on another device, in a new dict.

    `tensor.to(device)` gives another tensor and leaves the first where it was; only a module moves itself.

    Args:
        params: the parameters, a dict of tensors.
        device: where they should be.

    Returns:
        A new dict with the names of `params`; the old one and its tensors stay as they are.

    >>> to_device({"w": torch.tensor([1.0, 2.0])}, torch.device("cpu"))
    {'w': tensor([1., 2.])}
    """
    return {name: leaf.to(device) for name, leaf in params.items()}


def seed_everything(seed: int) -> None:
    """Make all global random numbers repeat.

    The functions of this course draw with keys, and need no global seed. Most other code draws from global random
    states, of which there are several: PyTorch's (one a device), NumPy's and Python's. After this call each of them
    gives the same numbers for the same seed, and others for another.

    cuDNN, which computes convolutions on a GPU, is told to choose algorithms that repeat to the last bit, and not to
    choose by timing them: `torch.backends.cudnn.deterministic = True` and `torch.backends.cudnn.benchmark = False`.

    Args:
        seed: a whole number from 0 to 2^32 - 1.

    >>> seed_everything(0)
    >>> first = torch.rand(3)
    >>> seed_everything(0)
    >>> torch.rand(3).equal(first)
    True
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # of every device
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def timed_matmul(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    """Give the product of two matrices, and how many seconds it took.

    On a GPU `a @ b` only queues the work and returns at once; `torch.cuda.synchronize()` waits until it is done, and
    must come before the clock is read for the second time. Without a GPU that call raises an error. The clock must be
    monotonic: `time.time()` is the clock on the wall, which somebody may set back.

    Args:
        a: [N, D], on any device.
        b: [D, M], on the same one.

    Returns:
        The product [N, M], and the seconds, a float above 0.

    >>> product, seconds = timed_matmul(torch.eye(2), torch.ones(2, 2))
    >>> product.sum(), seconds > 0
    (tensor(4.), True)
    """
    _wait_for(a)
    start = time.perf_counter()
    product = a @ b
    _wait_for(product)
    return product, time.perf_counter() - start


def _wait_for(tensor: Tensor) -> None:
    if tensor.is_cuda:
        torch.cuda.synchronize()
