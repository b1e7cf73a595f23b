"""Learning rates that change: a schedule is a function of the step.

It takes the number of updates so far, an int64 tensor of shape [], and gives the rate of the next one. It is made of
tensor operations alone, so that an optimizer that follows it can be traced, compiled, and mapped over members, and no
device is waited for. A rate is computed in torch's default dtype; in float32 it keeps all but the last of its seven
digits. The names are those of optax (https://optax.readthedocs.io) where it has the like.

A constant rate needs no schedule, it is a number. Schedules compose: `linear_warmup(cosine_decay(0.1, 900), 100)` rises
for 100 updates, then falls for 900.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

from jaxtyping import Float, Int
from torch import Tensor

Schedule: TypeAlias = Callable[[Tensor], Tensor]  # step [], int64, 0 for the first update -> rate []


def exponential_decay(lr: float, decay: float, every: float = 1) -> Schedule:
    """A rate that falls by the same factor every so many updates, a little with each.

        rate = lr decay^(step / every)

    Args:
        lr: the first rate.
        decay: the factor.
        every: updates in which the rate falls by it.

    Raises:
        ValueError: if `lr` is negative or not finite, `decay` not in (0, 1], or `every` not positive and finite.

    >>> import torch
    >>> schedule = exponential_decay(0.1, decay=0.25, every=10)
    >>> [round(schedule(torch.tensor(step)).item(), 4) for step in (0, 5, 10)]
    [0.1, 0.05, 0.025]
    """
    require_rate("lr", lr)
    _require_factor(decay)
    if not 0 < every < math.inf:
        raise ValueError(f"every={every!r}: it is a positive, finite number of updates. The usual one is 1.")

    log_decay = math.log(decay) / every  # as a float32, a factor of 0.99999 would be another after many steps

    def schedule(step: Int[Tensor, ""]) -> Float[Tensor, ""]:
        return lr * (log_decay * step).exp()

    return schedule


def step_decay(lr: float, decay: float, every: int) -> Schedule:
    """A rate that falls by the same factor at every so many updates, and stays between.

        rate = lr decay^floor(step / every)

    Args:
        lr: the first rate.
        decay: the factor.
        every: updates that have the same rate.

    Raises:
        ValueError: if `lr` is negative or not finite, `decay` not in (0, 1], or `every` less than 1.

    >>> import torch
    >>> schedule = step_decay(0.1, decay=0.25, every=10)
    >>> [round(schedule(torch.tensor(step)).item(), 4) for step in (0, 9, 10)]
    [0.1, 0.1, 0.025]
    """
    require_rate("lr", lr)
    _require_factor(decay)
    _require_count("every", every)

    log_decay = math.log(decay)

    def schedule(step: Int[Tensor, ""]) -> Float[Tensor, ""]:
        return lr * (log_decay * (step // every)).exp()

    return schedule


def cosine_decay(lr: float, num_steps: int, final: float = 0.0) -> Schedule:
    """A rate that falls along half a wave, slowly at both ends, and stays where it arrives.

        rate = final + (lr - final) (1 + cos(pi step / num_steps)) / 2          for step <= num_steps

    From Loshchilov and Hutter 2017 (https://arxiv.org/abs/1608.03983), without their restarts.

    Args:
        lr: the first rate.
        num_steps: updates after which the last rate is reached.
        final: the last rate.

    Raises:
        ValueError: if `lr` or `final` is negative or not finite, or `num_steps` less than 1.

    >>> import torch
    >>> schedule = cosine_decay(0.1, num_steps=100)
    >>> [round(schedule(torch.tensor(step)).item(), 4) for step in (0, 50, 100, 1000)]
    [0.1, 0.05, 0.0, 0.0]
    """
    require_rate("lr", lr)
    require_rate("final", final)
    _require_count("num_steps", num_steps)

    def schedule(step: Int[Tensor, ""]) -> Float[Tensor, ""]:
        # sin^2(pi r / 2) = (1 + cos(pi (1 - r))) / 2, without the difference that cancels near the end.
        remaining = (num_steps - step).clamp(min=0) / num_steps
        return final + (lr - final) * (math.pi / 2 * remaining).sin().square()

    return schedule


def linear_warmup(then: float | Schedule, num_steps: int, start: float = 0.0) -> Schedule:
    """A rate that rises on a straight line, and what comes then.

        rate = then(0) (start + (1 - start) step / num_steps)          for step <= num_steps
        rate = then(step - num_steps)                                  afterwards

    Args:
        then: a rate, or a schedule, which takes its first step when the rise is over.
        num_steps: updates that the rise takes.
        start: the first rate, as a fraction of the one that is risen to. With 0 the first update changes nothing.

    Raises:
        ValueError: if `then` is a negative rate or not finite, `num_steps` less than 1, or `start` not in [0, 1].

    >>> import torch
    >>> schedule = linear_warmup(cosine_decay(0.1, num_steps=100), num_steps=10)
    >>> [round(schedule(torch.tensor(step)).item(), 4) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """
    if not callable(then):
        require_rate("then", then)
    _require_count("num_steps", num_steps)
    if not 0 <= start <= 1:
        raise ValueError(
            f"start={start!r}: it is a fraction of the rate, at least 0 and at most 1. The usual one is 0."
        )

    def schedule(step: Int[Tensor, ""]) -> Float[Tensor, ""]:
        risen = start + (1 - start) * (step.clamp(max=num_steps) / num_steps)
        return risen * (then((step - num_steps).clamp(min=0)) if callable(then) else then)

    return schedule


def require_rate(name: str, rate: float) -> None:
    """Raise unless the argument `name` is finite and not negative.

    >>> require_rate("lr", -0.1)
    Traceback (most recent call last):
    ...
    ValueError: lr=-0.1: it is finite and at least 0. Give a small positive number.
    """
    if not 0 <= rate < math.inf:
        raise ValueError(f"{name}={rate!r}: it is finite and at least 0. Give a small positive number.")


def _require_factor(decay: float) -> None:
    if not 0 < decay <= 1:
        raise ValueError(f"decay={decay!r}: a rate falls by a factor of more than 0 and at most 1. Give one like 0.5.")


def _require_count(name: str, num: int) -> None:
    if num < 1:
        raise ValueError(f"{name}={num!r}: it is at least 1 update. Give a whole number of them.")
