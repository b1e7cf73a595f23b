"""The same code on a CPU and a GPU: where tensors live, how a run repeats, how long it really takes.

A device is chosen once, at the rim of a program; inside, every function follows its inputs. A GPU works on after
Python has moved on, so a clock that doesn't wait for it measures only the queueing.
"""

import random
import time

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from xorfunc.params import Params


def pick_device() -> torch.device:
    """The CUDA device if there is one, else the CPU.

    >>> pick_device().type in {"cuda", "cpu"}
    True
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_device(params: Params, device: torch.device | str) -> Params:
    """A dict of the same parameters on `device`; those that live there already are shared, not copied.

    >>> to_device({"w": torch.ones(2)}, "cpu")
    {'w': tensor([1., 1.])}
    """
    return {name: p.to(device) for name, p in params.items()}


def seed_everything(seed: int) -> None:
    """Make every global source of randomness repeat: `torch` on all devices, NumPy, `random`, cuDNN's choices.

    The one function here that changes global state, for programs that use code which draws from it.
    Functions of this library never do: they take a key of `xorfunc.random`.

    Raises:
        ValueError: if NumPy can't take the seed, before anything has been seeded.

    >>> seed_everything(0)
    >>> first = torch.rand(2)
    >>> seed_everything(0)
    >>> torch.equal(torch.rand(2), first)
    True
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed!r}: NumPy takes seeds from 0 to 2**32 - 1. Choose one in that range.")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # seeds every CUDA device as well
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def timed_matmul(a: Shaped[Tensor, "*B N D"], b: Shaped[Tensor, "*B D M"]) -> tuple[Shaped[Tensor, "*B N M"], float]:
    """The matrix product and the seconds it took, the device's own work included.

    The first call on a CUDA device also pays for starting its libraries: time a second one.

    >>> product, seconds = timed_matmul(torch.eye(2), torch.ones(2, 2))
    >>> bool((product == 1).all()) and seconds > 0
    True
    """
    _wait_for(a.device)
    start = time.perf_counter()
    product = a @ b
    _wait_for(a.device)
    return product, time.perf_counter() - start


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
