"""The ways to train the course's network that race each other, each a function without arguments, ready to be timed.

All have the same points, batch size, number of epochs and learning rate, and shuffle afresh each epoch. The functional
ones draw the same numbers as the JAX program (`benchmarks.jax_training`); the module loops use torch's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from xorfunc import data, likelihood, model, optim, random
from xorfunc.ensemble import fit_ensemble
from xorfunc.train import fit

POINTS, BATCH, LR = 1000, 128, 0.1
Contestant = Callable[[], object]


def points(size: int = POINTS, device: str = "cpu") -> tuple[Tensor, Tensor]:
    x, y = data.continuous_xor(random.key(0), size, 0.1)
    return x.to(device), y.to(device)


def course_init(key: Tensor) -> dict[str, Tensor]:
    return model.init_params(key, 2, 4, 1)


def relu_init(key: Tensor) -> dict[str, Tensor]:
    """2-8-8-1, a network that the library has never seen."""
    shapes = {"w1": (8, 2), "b1": (8,), "w2": (8, 8), "b2": (8,), "w3": (1, 8), "b3": (1,)}
    keys = random.split(key, len(shapes))
    return {name: random.uniform(k, shape, -0.5, 0.5) for k, (name, shape) in zip(keys, shapes.items(), strict=True)}


def course_loss() -> Callable[..., Tensor]:
    """A loss of its own for each contestant, since what is prepared is kept for a loss."""

    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return likelihood.loss_bce(model.logits(params, x)[..., 0], y)

    return loss


def relu_loss() -> Callable[..., Tensor]:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        h = torch.relu(x @ params["w1"].T + params["b1"])
        h = torch.relu(h @ params["w2"].T + params["b2"])
        return likelihood.loss_bce((h @ params["w3"].T + params["b3"])[..., 0], y)

    return loss


def tutorial_loop(x: Tensor, y: Tensor, num_epochs: int) -> Contestant:
    """As tutorials have it: a DataLoader, a module, `.item()` after each batch."""

    def run() -> None:
        loader = DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True)
        module = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).to(x.device)
        optimizer = torch.optim.SGD(module.parameters(), lr=LR)
        loss_fn = nn.BCEWithLogitsLoss()
        for _ in range(num_epochs):
            total = 0.0
            for x_batch, y_batch in loader:
                optimizer.zero_grad()
                loss = loss_fn(module(x_batch).squeeze(1), y_batch.float())
                loss.backward()
                optimizer.step()
                total += loss.item()

    return run


def tuned_loop(x: Tensor, y: Tensor, num_epochs: int) -> Contestant:
    """The module style with what experience teaches: batches as slices, a fused optimizer, no number read back."""

    def run() -> None:
        module = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).to(x.device)
        optimizer = torch.optim.SGD(module.parameters(), lr=LR, fused=True)
        targets = y.float()
        for _ in range(num_epochs):
            order = torch.randperm(len(x), device=x.device)
            total = torch.zeros((), device=x.device)
            for x_batch, y_batch in zip(x[order].split(BATCH), targets[order].split(BATCH), strict=True):
                optimizer.zero_grad(set_to_none=True)
                loss = nn.functional.binary_cross_entropy_with_logits(module(x_batch)[:, 0], y_batch)
                loss.backward()
                optimizer.step()
                total += loss.detach()

    return run


def one_model(x: Tensor, y: Tensor, num_epochs: int, backend: str) -> Contestant:
    params = {name: p.to(x.device) for name, p in course_init(random.key(1)).items()}
    return partial(
        fit, random.key(2).to(x.device), course_loss(), params, x, y,
        optimizer=optim.sgd(LR), num_epochs=num_epochs, batch_size=BATCH, backend=backend,
    )  # fmt: skip


def ensemble(
    x: Tensor, y: Tensor, num_epochs: int, num_members: int, backend: str, network: str = "course"
) -> Contestant:
    init_fn, loss = {"course": (course_init, course_loss), "relu": (relu_init, relu_loss)}[network]
    return partial(
        fit_ensemble, random.key(2).to(x.device), init_fn, loss(), x, y, num_members,
        optimizer=optim.sgd(LR), num_epochs=num_epochs, batch_size=BATCH, backend=backend,
    )  # fmt: skip


def vmap_compiled(x: Tensor, y: Tensor, num_epochs: int, num_members: int) -> Contestant:
    """`torch.compile` around `vmap(grad(loss))`, members first: what one writes without this library."""
    loss = course_loss()
    members = torch.func.vmap(course_init)(random.split(random.key(2), num_members))

    def step(params: dict[str, Tensor], x: Tensor, y: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        grads, losses = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(0, None, None))(params, x, y)
        return {name: p - LR * grads[name] for name, p in params.items()}, losses

    compiled: Any = torch.compile(step, fullgraph=True, dynamic=False)

    @torch.no_grad()
    def run() -> None:
        params = members
        for _ in range(num_epochs):
            order = torch.randperm(len(x))
            for x_batch, y_batch in zip(x[order].split(BATCH), y[order].split(BATCH), strict=True):
                params, _ = compiled(params, x_batch, y_batch)

    return run


def jax_one(num_epochs: int) -> Contestant:
    """`jit` of a `scan` over all epochs."""
    import jax

    from benchmarks import jax_training as jt

    x, y = jt.continuous_xor(jax.random.key(0), POINTS, 0.1)
    params = jt.init_params(jax.random.key(1), 2, 4, 1)
    optimizer = jt.sgd(LR)
    return lambda: jax.block_until_ready(
        jt.fit(jax.random.key(2), params, x, y, optimizer=optimizer, num_epochs=num_epochs, batch_size=BATCH)
    )


def jax_step_loop(num_epochs: int) -> Contestant:
    """`jit` of one step, called from Python."""
    import jax

    from benchmarks import jax_training as jt

    x, y = jt.continuous_xor(jax.random.key(0), POINTS, 0.1)
    start = jt.init_params(jax.random.key(1), 2, 4, 1)

    @jax.jit
    def step(params: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(jt.loss)(params, x, y)
        return jax.tree.map(lambda p, g: p - LR * g, params, grads), loss

    def run() -> object:
        params = start
        for order in jt.epoch_orders(jax.random.key(2), num_epochs, POINTS):
            xs, ys = x[order], y[order]
            for i in range(0, POINTS, BATCH):
                params, _ = step(params, xs[i : i + BATCH], ys[i : i + BATCH])
        return jax.block_until_ready(params)

    return run


def jax_ensemble(num_epochs: int, num_members: int, network: str = "course") -> Contestant:
    """`jit` of a `vmap` of a `scan`."""
    import jax
    import jax.numpy as jnp

    from benchmarks import jax_training as jt

    def course(key: Any) -> Any:
        return jt.init_params(key, 2, 4, 1)

    def relu(key: Any) -> Any:
        shapes = {"w1": (8, 2), "b1": (8,), "w2": (8, 8), "b2": (8,), "w3": (1, 8), "b3": (1,)}
        keys = jax.random.split(key, len(shapes))
        return {n: jax.random.uniform(k, s, minval=-0.5, maxval=0.5) for k, (n, s) in zip(keys, shapes.items())}  # noqa: B905

    def relu_loss(params: Any, x: Any, y: Any) -> Any:
        h = jax.nn.relu(x @ params["w1"].T + params["b1"])
        h = jax.nn.relu(h @ params["w2"].T + params["b2"])
        s = (h @ params["w3"].T + params["b3"])[..., 0]
        return jnp.mean(jax.nn.softplus(s) - y * s)

    init_fn, loss_fn = {"course": (course, jt.loss), "relu": (relu, relu_loss)}[network]
    x, y = jt.continuous_xor(jax.random.key(0), POINTS, 0.1)
    optimizer = jt.sgd(LR)
    return lambda: jax.block_until_ready(
        jt.fit_ensemble(
            jax.random.key(2), x, y, init_fn=init_fn, num_members=num_members, loss_fn=loss_fn,
            optimizer=optimizer, num_epochs=num_epochs, batch_size=BATCH,
        )
    )  # fmt: skip
