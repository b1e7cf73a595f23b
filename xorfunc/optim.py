"""How parameters move downhill: an algorithm is two functions and an explicit state.

An `Optimizer` knows its hyperparameters and nothing else. `init` makes the state that belongs to some parameters,
`update` turns gradients into the step to add and the state to carry on. Both are pure, so a training loop may be
traced, stacked into an ensemble, or stopped and resumed by keeping what they return. The form is that of optax
(https://optax.readthedocs.io), the arithmetic that of `torch.optim`. A rate is a number or a function of the step, as
`xorfunc.schedules` has some.

`sgd_update`, `momentum_init` and `momentum_update` are the same steps in the shape the course starts from.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor

from xorfunc.params import Params
from xorfunc.schedules import Schedule, require_rate

State: TypeAlias = Any  # tensors in tuples and dicts; only the optimizer that made it looks inside


class Optimizer(NamedTuple):
    """An algorithm as a pair of pure functions.

    `init(params) -> state` and `update(grads, state, params) -> (updates, state)`, where `updates` are added
    to the parameters by `apply_updates`.
    """

    init: Callable[[Params], State]
    update: Callable[[Params, State, Params], tuple[Params, State]]


class ScheduledState(NamedTuple):
    """How many updates there were, and the state that the algorithm has with a rate that is a number."""

    num_updates: Int[Tensor, ""]
    state: State


class AdamState(NamedTuple):
    """How many updates there were, and the running means of the gradient and of its square."""

    num_updates: Int[Tensor, ""]
    mean: Params
    square: Params


def apply_updates(params: Params, updates: Params) -> Params:
    """The parameters after the step: p + u for each name.

    >>> apply_updates({"w": torch.tensor(1.0)}, {"w": torch.tensor(-0.25)})
    {'w': tensor(0.7500)}
    """
    return {name: p + updates[name] for name, p in params.items()}


def sgd(lr: float | Schedule) -> Optimizer:
    """Stochastic gradient descent: u = -lr g.

    Here and below a schedule for a rate is asked for each update, with the number of those before, which the state
    then counts.

    Raises:
        ValueError: if `lr` is negative or not finite.

    >>> optimizer = sgd(0.1)
    >>> params = {"w": torch.tensor(1.0)}
    >>> updates, state = optimizer.update({"w": torch.tensor(2.0)}, optimizer.init(params), params)
    >>> updates
    {'w': tensor(-0.2000)}
    >>> halving = sgd(lambda step: 0.1 * 0.5**step)
    >>> _, state = halving.update({"w": torch.tensor(2.0)}, halving.init(params), params)
    >>> halving.update({"w": torch.tensor(2.0)}, state, params)[0]
    {'w': tensor(-0.1000)}
    """

    def init(params: Params) -> tuple[()]:
        return ()

    def turn(grads: Params, state: tuple[()]) -> tuple[Params, tuple[()]]:
        return grads, state

    return _against(init, turn, lr)


def momentum(lr: float | Schedule, decay: float = 0.9, *, nesterov: bool = False) -> Optimizer:
    """Gradient descent with a velocity, in torch's convention (the rate is outside the sum).

        v' = decay v + g
        u = -lr v'                    u = -lr (g + decay v') with Nesterov's look ahead

    The look ahead is that of Sutskever et al. 2013 (https://proceedings.mlr.press/v28/sutskever13.html).

    Raises:
        ValueError: if `lr` is negative or not finite, or `decay` not in [0, 1).

    >>> optimizer = momentum(0.1)
    >>> params, grads = {"w": torch.tensor(1.0)}, {"w": torch.tensor(2.0)}
    >>> _, velocity = optimizer.update(grads, optimizer.init(params), params)
    >>> optimizer.update(grads, velocity, params)
    ({'w': tensor(-0.3800)}, {'w': tensor(3.8000)})
    """
    _require_decay("decay", decay)

    def turn(grads: Params, velocity: Params) -> tuple[Params, Params]:
        # One operation a leaf, where `decay * v + g` takes two.
        velocity = {name: torch.add(grads[name], v, alpha=decay) for name, v in velocity.items()}
        if not nesterov:
            return velocity, velocity
        return {name: torch.add(grads[name], v, alpha=decay) for name, v in velocity.items()}, velocity

    return _against(momentum_init, turn, lr)


def adam(lr: float | Schedule, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
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
    return adamw(lr, b1, b2, eps, weight_decay=0.0)


def adamw(
    lr: float | Schedule, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.01
) -> Optimizer:
    """Adam that also shrinks the parameters (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101).

        u = adam's u - lr weight_decay p

    Raises:
        ValueError: if `lr`, `eps` or `weight_decay` is negative or not finite, or `b1` or `b2` not in [0, 1).

    >>> optimizer = adamw(0.1, weight_decay=0.5)
    >>> params = {"w": torch.tensor([4.0, 0.0])}
    >>> updates, state = optimizer.update({"w": torch.tensor([3.0, -0.01])}, optimizer.init(params), params)
    >>> updates
    {'w': tensor([-0.3000,  0.1000])}
    """
    _require_lr(lr)
    require_rate("eps", eps)
    require_rate("weight_decay", weight_decay)
    _require_decay("b1", b1)
    _require_decay("b2", b2)
    log_b1, log_b2 = (math.log(b) if b else -math.inf for b in (b1, b2))

    def init(params: Params) -> AdamState:
        return AdamState(_no_updates(params), momentum_init(params), momentum_init(params))

    def scales(num_updates: Tensor, rate: float | Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Both bias corrections, moved out of the leaves: u = scale m' / (sqrt(v') + offset)."""
        t = num_updates.to(torch.promote_types(dtype, torch.float32))
        # In float32 1 - 0.999^t would lose four of its seven digits. Minus that, by expm1, loses none.
        minus_mean_weight, minus_square_weight = torch.expm1(t * log_b1), torch.expm1(t * log_b2)
        root = minus_square_weight.neg().sqrt()
        return (rate * (root / minus_mean_weight)).to(dtype), (eps * root).to(dtype)

    def update(grads: Params, state: AdamState, params: Params) -> tuple[Params, AdamState]:
        rate = lr(state.num_updates) if callable(lr) else lr
        num_updates = state.num_updates + 1
        mean = {name: torch.lerp(m, grads[name], 1 - b1) for name, m in state.mean.items()}
        square = {
            name: torch.addcmul(b2 * v, grads[name], grads[name], value=1 - b2) for name, v in state.square.items()
        }
        scales_of = {dtype: scales(num_updates, rate, dtype) for dtype in dict.fromkeys(m.dtype for m in mean.values())}
        updates: Params = {}
        for name, m in mean.items():
            scale, offset = scales_of[m.dtype]
            direction = m / (square[name].sqrt() + offset)
            if weight_decay == 0:
                updates[name] = scale * direction
            else:
                shrinkage = (-weight_decay * rate * params[name]).to(m.dtype)
                updates[name] = torch.addcmul(shrinkage, scale, direction)
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
    velocity = {name: momentum * v + grads[name] for name, v in velocity.items()}
    return apply_updates(params, _downhill(velocity, lr)), velocity


def _against(
    init: Callable[[Params], State], turn: Callable[[Params, State], tuple[Params, State]], lr: float | Schedule
) -> Optimizer:
    """Steps against the directions that `turn(grads, state)` gives. They are counted where the rate follows them."""
    _require_lr(lr)
    if not callable(lr):

        def update(grads: Params, state: State, params: Params) -> tuple[Params, State]:
            direction, state = turn(grads, state)
            return _downhill(direction, lr), state

        return Optimizer(init, update)

    def init_counted(params: Params) -> ScheduledState:
        return ScheduledState(_no_updates(params), init(params))

    def update_counted(grads: Params, state: ScheduledState, params: Params) -> tuple[Params, ScheduledState]:
        direction, turned = turn(grads, state.state)
        updates = _downhill(direction, lr(state.num_updates))
        # A rate without dimensions, times a parameter without, has the wider dtype of both.
        updates = {name: u.to(direction[name].dtype) for name, u in updates.items()}
        return updates, ScheduledState(state.num_updates + 1, turned)

    return Optimizer(init_counted, update_counted)


def _downhill(direction: Params, rate: float | Tensor) -> Params:
    step = -rate
    return {name: step * d for name, d in direction.items()}


def _no_updates(params: Params) -> Int[Tensor, ""]:
    device = next((p.device for p in params.values()), None)
    return torch.zeros((), dtype=torch.int64, device=device)


def _require_lr(lr: float | Schedule) -> None:
    if not callable(lr):
        require_rate("lr", lr)


def _require_decay(name: str, decay: float) -> None:
    if not 0 <= decay < 1:
        raise ValueError(f"{name}={decay!r}: a decay is at least 0 and less than 1. The usual one is 0.9.")
