"""Continuous XOR as JAX trains it: `jax.grad` in a `jax.lax.scan` in a `jax.jit`, and `jax.vmap` for many networks.

The same data, initial parameters, batches and steps as `xorfunc`, from the same seeds, so that the losses of every
epoch can be compared, and the time. Nothing leaves the compiled program between the first step and the last: `fit` is
one call of XLA for one network, `fit_ensemble` one for all members, which see the same batches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

Params: TypeAlias = dict[str, jax.Array]
State: TypeAlias = Any
LossFn: TypeAlias = Callable[[Params, jax.Array, jax.Array], jax.Array]


class Optimizer(NamedTuple):
    """`init(params) -> state` and `update(grads, state) -> (updates, state)`."""

    init: Callable[[Params], State]
    update: Callable[[Params, State], tuple[Params, State]]


class FitResult(NamedTuple):
    """Trained parameters, and the loss of each epoch: the mean over its examples of the loss before each step."""

    params: Params
    losses: jax.Array


# -- Data and model


def continuous_xor(key: jax.Array, size: int, std: float) -> tuple[jax.Array, jax.Array]:
    """Noisy corners of the unit square `[size, 2]`, and the exclusive or of the corner they came from `[size]`."""
    corner_key, noise_key = jax.random.split(key)
    corners = jax.random.randint(corner_key, (size, 2), 0, 2)
    x = corners + std * jax.random.normal(noise_key, (size, 2))
    return x, corners[:, 0] ^ corners[:, 1]


def init_params(key: jax.Array, num_inputs: int, num_hidden: int, num_outputs: int) -> Params:
    """Each entry uniform within 1 / sqrt(fan_in) of zero."""
    sizes = {"linear_h": (num_hidden, num_inputs), "linear_s": (num_outputs, num_hidden)}
    keys = iter(jax.random.split(key, 4))
    params: Params = {}
    for layer, (fan_out, fan_in) in sizes.items():
        bound = fan_in**-0.5
        for name, shape in (("weight", (fan_out, fan_in)), ("bias", (fan_out,))):
            params[f"{layer}.{name}"] = jax.random.uniform(next(keys), shape, minval=-bound, maxval=bound)
    return params


def logits(params: Params, x: jax.Array) -> jax.Array:
    """One logit an example, `[N]`."""
    h = jnp.tanh(x @ params["linear_h.weight"].T + params["linear_h.bias"])
    return (h @ params["linear_s.weight"].T + params["linear_s.bias"])[..., 0]


def loss(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean negative log-likelihood of the labels, in nats."""
    s = logits(params, x)
    return jnp.mean(jax.nn.softplus(s) - y * s)


# -- Optimizers, in torch's conventions


def sgd(lr: float) -> Optimizer:
    """Gradient descent: u = -lr g."""
    return Optimizer(lambda params: (), lambda grads, state: (jax.tree.map(lambda g: -lr * g, grads), state))


def momentum(lr: float, decay: float = 0.9) -> Optimizer:
    """With a velocity: v' = decay v + g, u = -lr v'."""

    def update(grads: Params, velocity: Params) -> tuple[Params, Params]:
        velocity = jax.tree.map(lambda v, g: decay * v + g, velocity, grads)
        return jax.tree.map(lambda v: -lr * v, velocity), velocity

    return Optimizer(lambda params: jax.tree.map(jnp.zeros_like, params), update)


def adam(lr: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Steps scaled by the gradient's own size (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980)."""

    def init(params: Params) -> State:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return jnp.zeros((), jnp.int32), zeros, zeros

    def update(grads: Params, state: State) -> tuple[Params, State]:
        t, mean, square = state
        t = t + 1
        mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, grads)
        square = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g**2, square, grads)
        # expm1, as 1 - 0.999 would lose four of the seven digits of float32.
        mean_weight, square_weight = (-jnp.expm1(t * jnp.log1p(b - 1.0)) for b in (b1, b2))
        updates = jax.tree.map(lambda m, v: -lr * (m / mean_weight) / (jnp.sqrt(v / square_weight) + eps), mean, square)
        return updates, (t, mean, square)

    return Optimizer(init, update)


# -- Training


@partial(jax.jit, static_argnums=(1, 2))
def epoch_orders(key: jax.Array, num_epochs: int, size: int) -> jax.Array:
    """The order of the examples in each epoch, `[num_epochs, size]`, drawn at once.

    XLA sorts slowly on a CPU: with 1000 examples this is most of what `fit` takes for a small network.
    """
    return jax.vmap(lambda e: jax.random.permutation(jax.random.fold_in(key, e), size))(jnp.arange(num_epochs))


@partial(jax.jit, static_argnames=("loss_fn", "optimizer", "num_epochs", "batch_size"))
def fit(
    key: jax.Array,
    params: Params,
    x: jax.Array,
    y: jax.Array,
    *,
    loss_fn: LossFn = loss,
    optimizer: Optimizer,
    num_epochs: int = 100,
    batch_size: int = 128,
) -> FitResult:
    """Train on all examples, those of epoch e in the order `permutation(fold_in(key, e), N)`; the last batch is short.

    Compiled once for each loss function, optimizer (make it once: a new one is another), and set of shapes.
    """
    num_full = len(x) // batch_size * batch_size

    def step(carry: tuple[Params, State], batch: tuple[jax.Array, jax.Array]) -> tuple[tuple[Params, State], jax.Array]:
        params, state = carry
        value, grads = jax.value_and_grad(loss_fn)(params, *batch)
        updates, state = optimizer.update(grads, state)
        return (jax.tree.map(jnp.add, params, updates), state), value

    def epoch(carry: tuple[Params, State], order: jax.Array) -> tuple[tuple[Params, State], jax.Array]:
        full, rest = order[:num_full].reshape(-1, batch_size), order[num_full:]
        carry, values = jax.lax.scan(step, carry, (x[full], y[full]))
        total = batch_size * values.sum()
        if rest.size:  # known when the program is traced, so that nothing is padded or masked
            carry, value = step(carry, (x[rest], y[rest]))
            total = total + rest.size * value
        return carry, total / len(x)

    start = params, optimizer.init(params)
    (params, _), losses = jax.lax.scan(epoch, start, epoch_orders(key, num_epochs, len(x)))
    return FitResult(params, losses)


@partial(jax.jit, static_argnames=("init_fn", "num_members", "loss_fn", "optimizer", "num_epochs", "batch_size"))
def fit_ensemble(
    key: jax.Array,
    x: jax.Array,
    y: jax.Array,
    *,
    init_fn: Callable[[jax.Array], Params],
    num_members: int,
    loss_fn: LossFn = loss,
    optimizer: Optimizer,
    num_epochs: int = 100,
    batch_size: int = 128,
) -> FitResult:
    """Train many networks at once: parameters `[K, ...]`, losses `[K, num_epochs]`.

    With `init_key, fit_key = split(key)`, member i is
    `fit(fit_key, init_fn(split(init_key, num_members)[i]), x, y, ...)`.
    """
    init_key, fit_key = jax.random.split(key)
    params = jax.vmap(init_fn)(jax.random.split(init_key, num_members))
    one = partial(fit, loss_fn=loss_fn, optimizer=optimizer, num_epochs=num_epochs, batch_size=batch_size)
    return jax.vmap(one, in_axes=(None, 0, None, None))(fit_key, params, x, y)
