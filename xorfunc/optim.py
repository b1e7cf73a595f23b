"""How parameters move downhill: an algorithm is two functions and an explicit state.

An `Optimizer` knows its hyperparameters and nothing else. `init` makes the state that belongs to some parameters,
`update` turns gradients into the step to add and the state to carry on. Both are pure, so a training loop may be
traced, stacked into an ensemble, or stopped and resumed by keeping what they return. The form is that of optax
(https://optax.readthedocs.io), the arithmetic that of `torch.optim`.

`sgd_update`, `momentum_init` and `momentum_update` are the same steps in the shape the course starts from.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor

from xorfunc.params import Params

State: TypeAlias = Any  # tensors in tuples and dicts; only the optimizer that made it looks inside


class Optimizer(NamedTuple):
    """An algorithm as a pair of pure functions.

    `init(params) -> state` and `update(grads, state, params) -> (updates, state)`, where `updates` are added
    to the parameters by `apply_updates`.
    """

    init: Callable[[Params], State]
    update: Callable[[Params, State, Params], tuple[Params, State]]


def apply_updates(params: Params, updates: Params) -> Params:
    """The parameters after the step: p + u for each name.

    >>> apply_updates({"w": torch.tensor(1.0)}, {"w": torch.tensor(-0.25)})
    {'w': tensor(0.7500)}
    """
    return {name: p + updates[name] for name, p in params.items()}


def sgd(lr: float) -> Optimizer:
    """Stochastic gradient descent: u = -lr g.

    Raises:
        ValueError: if `lr` is negative or not finite.

    >>> optimizer = sgd(0.1)
    >>> params = {"w": torch.tensor(1.0)}
    >>> updates, state = optimizer.update({"w": torch.tensor(2.0)}, optimizer.init(params), params)
    >>> updates
    {'w': tensor(-0.2000)}
    """
    _require_rate(lr)

    def init(params: Params) -> tuple[()]:
        return ()

    def update(grads: Params, state: tuple[()], params: Params) -> tuple[Params, tuple[()]]:
        return _downhill(grads, lr), state

    return Optimizer(init, update)


def momentum(lr: float, decay: float = 0.9) -> Optimizer:
    """Gradient descent with a velocity, in torch's convention (the rate is outside the sum).

        v' = decay v + g
        u = -lr v'

    Raises:
        ValueError: if `lr` is negative or not finite, or `decay` not in [0, 1).

    >>> optimizer = momentum(0.1)
    >>> params, grads = {"w": torch.tensor(1.0)}, {"w": torch.tensor(2.0)}
    >>> _, velocity = optimizer.update(grads, optimizer.init(params), params)
    >>> optimizer.update(grads, velocity, params)
    ({'w': tensor(-0.3800)}, {'w': tensor(3.8000)})
    """
    _require_rate(lr)
    _require_decay("decay", decay)

    def update(grads: Params, state: Params, params: Params) -> tuple[Params, Params]:
        velocity = _accelerate(state, grads, decay)
        return _downhill(velocity, lr), velocity

    return Optimizer(momentum_init, update)


class AdamState(NamedTuple):
    """How many updates there were, and the running means of the gradient and of its square."""

    num_updates: Int[Tensor, ""]
    mean: Params
    square: Params


def adam(lr: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980): steps scaled by the gradient's own size.

        m' = b1 m + (1 - b1) g          v' = b2 v + (1 - b2) g^2
        u = -lr (m' / (1 - b1^t)) / (sqrt(v' / (1 - b2^t)) + eps)

    Raises:
        ValueError: if `lr` or `eps` is negative or not finite, or `b1` or `b2` not in [0, 1).

    >>> optimizer = adam(0.1)
    >>> params = {"w": torch.tensor([1.0, 1.0])}
    >>> updates, state = optimizer.update({"w": torch.tensor([3.0, -0.01])}, optimizer.init(params), params)
    >>> updates
    {'w': tensor([-0.1000,  0.1000])}
    """
    _require_rate(lr)
    _require_rate(eps, name="eps")
    _require_decay("b1", b1)
    _require_decay("b2", b2)

    def init(params: Params) -> AdamState:
        device = next((p.device for p in params.values()), None)
        return AdamState(
            torch.zeros((), dtype=torch.int64, device=device), momentum_init(params), momentum_init(params)
        )

    def update(grads: Params, state: AdamState, params: Params) -> tuple[Params, AdamState]:
        num_updates = state.num_updates + 1
        mean = {name: b1 * m + (1 - b1) * grads[name] for name, m in state.mean.items()}
        square = {name: b2 * v + (1 - b2) * grads[name].square() for name, v in state.square.items()}
        # In float32 1 - 0.999 would have lost four of its seven digits.
        mean_weight, square_weight = (1 - b ** num_updates.double() for b in (b1, b2))

        def step(m: Tensor, v: Tensor) -> Tensor:
            unbiased_mean = m / mean_weight.to(m.dtype)
            unbiased_square = v / square_weight.to(v.dtype)
            return -lr * unbiased_mean / (unbiased_square.sqrt() + eps)

        updates = {name: step(mean[name], square[name]) for name in mean}
        return updates, AdamState(num_updates, mean, square)

    return Optimizer(init, update)


@torch.no_grad()
def sgd_update(params: Params, grads: Params, lr: float) -> Params:
    """One step downhill: p - lr g for each name. The result does not require grad.

    >>> sgd_update({"w": torch.tensor(1.0)}, {"w": torch.tensor(2.0)}, lr=0.1)
    {'w': tensor(0.8000)}
    """
    return apply_updates(params, _downhill(grads, lr))


def momentum_init(params: Params) -> Params:
    """A velocity at rest: zeros like each parameter.

    >>> momentum_init({"w": torch.tensor([1.0, 2.0])})
    {'w': tensor([0., 0.])}
    """
    return {name: torch.zeros_like(p) for name, p in params.items()}


@torch.no_grad()
def momentum_update(
    params: Params, grads: Params, velocity: Params, lr: float, momentum: float
) -> tuple[Params, Params]:
    """One step with a velocity, as `momentum` takes it: the new parameters and the new velocity.

        v' = momentum v + g
        p' = p - lr v'

    >>> momentum_update({"w": torch.tensor(1.0)}, {"w": torch.tensor(2.0)}, {"w": torch.tensor(1.0)}, 0.1, 0.5)
    ({'w': tensor(0.7500)}, {'w': tensor(2.5000)})
    """
    velocity = _accelerate(velocity, grads, momentum)
    return apply_updates(params, _downhill(velocity, lr)), velocity


def _downhill(direction: Params, lr: float) -> Params:
    return {name: -lr * d for name, d in direction.items()}


def _accelerate(velocity: Params, grads: Params, decay: float) -> Params:
    return {name: decay * v + grads[name] for name, v in velocity.items()}


def _require_rate(rate: float, name: str = "lr") -> None:
    if not 0 <= rate < math.inf:
        raise ValueError(f"{name}={rate!r}: it is finite and at least 0. Give a small positive number.")


def _require_decay(name: str, decay: float) -> None:
    if not 0 <= decay < 1:
        raise ValueError(f"{name}={decay!r}: a decay is at least 0 and less than 1. The usual one is 0.9.")
