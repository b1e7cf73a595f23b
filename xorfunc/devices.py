"""The same code on a CPU and a GPU: where tensors live, how a run repeats, how long it really takes.

A device is chosen once, at the rim of a program; inside, every function follows its inputs. A GPU works on after
Python has moved on, so a clock that doesn't wait for it measures only the queueing. A first call compiles and fills
caches, and one call among many meets whatever else the machine does: `timed` warms up and repeats. Two programs meet
the same machine only side by side: `interleaved` lets them take turns, and `Timing.ratio_to` compares turn by turn.
"""

import random
import time
from collections.abc import Callable, Mapping
from statistics import median, quantiles
from typing import NamedTuple

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


class Timing(NamedTuple):
    """The seconds that each of several calls took, in the order in which they were made.

    >>> timing = Timing((0.3, 0.1, 0.2))
    >>> timing.median, round(timing.spread, 3)
    (0.2, 0.1)
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the calls took longer, half shorter: a few that were interrupted don't matter."""
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """The seconds between the quartiles, within which the middle half of the calls lies; 0 for a single call."""
        if len(self.seconds) == 1:
            return 0.0
        first, _, third = quantiles(self.seconds, method="inclusive")
        return third - first

    def ratio_to(self, other: "Timing") -> float:
        """How many times as long as `other` it took: the median of the ratios of calls of the same round.

        What slows the machine for a round slows both, and leaves their ratio.

        Raises:
            ValueError: if there are more calls of one than of the other.

        >>> Timing((0.2, 2.0, 0.2)).ratio_to(Timing((0.1, 1.0, 0.1)))
        2.0
        """
        if len(self.seconds) != len(other.seconds):
            raise ValueError(
                f"{len(self.seconds)!r} calls and {len(other.seconds)!r}: a ratio is of calls of the same round. "
                "Did `interleaved` time both?"
            )
        return median(a / b for a, b in zip(self.seconds, other.seconds, strict=True))


def timed(f: Callable[[], object], *, warmup: int = 1, repeats: int = 5) -> Timing:
    """The seconds that a call of `f` takes, the work of the current CUDA device included.

    Args:
        f: a call without arguments; its result is dropped.
        warmup: calls before those that are timed, which compile and fill caches.
        repeats: calls that are timed.

    Raises:
        ValueError: if `warmup` is negative, or there is less than one repeat.

    >>> timing = timed(lambda: torch.eye(3) @ torch.eye(3), repeats=3)
    >>> len(timing.seconds), timing.median > 0
    (3, True)
    """
    if repeats < 1:
        raise ValueError(f"repeats={repeats!r}: at least 1 call is timed. Raise it.")
    return interleaved({"f": f}, warmup=warmup, rounds=repeats)["f"]


def interleaved(
    contenders: Mapping[str, Callable[[], object]], *, warmup: int = 1, rounds: int = 5
) -> dict[str, Timing]:
    """The seconds that each contender takes, all timed in turn, once a round, so that they share the machine's moods.

    Each round starts with another one, as who comes first may find the processor cooler and the caches colder.

    Args:
        contenders: calls without arguments, by name; their results are dropped.
        warmup: calls of each before the first round, which compile and fill caches.
        rounds: calls of each that are timed.

    Returns:
        For each name its calls, one a round, in the order of the rounds.

    Raises:
        ValueError: if `warmup` is negative, or there is less than one round.

    >>> timings = interleaved({"long": lambda: sum(range(100_000)), "short": lambda: sum(range(1_000))})
    >>> timings["long"].ratio_to(timings["short"]) > 2
    True
    """
    if rounds < 1:
        raise ValueError(f"rounds={rounds!r}: at least 1 round is timed. Raise it.")
    if warmup < 0:
        raise ValueError(f"warmup={warmup!r}: a number of calls is at least 0. The usual one is 1.")
    for f in contenders.values():
        for _ in range(warmup):
            f()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            seconds[name].append(_seconds_of(contenders[name]))
        order = order[1:] + order[:1]
    return {name: Timing(tuple(each)) for name, each in seconds.items()}


def _seconds_of(f: Callable[[], object]) -> float:
    _wait()
    start = time.perf_counter()
    f()
    _wait()
    return time.perf_counter() - start


def _wait() -> None:
    if torch.cuda.is_initialized():  # or asking would start CUDA for who doesn't use it
        torch.cuda.synchronize()


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
