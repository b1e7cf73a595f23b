"""Training in both styles: parameters in and new parameters out, or a module changed in place.

A step is a function from parameters to new parameters and the loss before the step. An epoch folds it over its
batches, and `fit` folds epochs. No graph is recorded around a step: `torch.func` differentiates inside it, and what
comes out is plain tensors, however often they are fed back in. `module_step` and `train_module` are the same loops
for an `nn.Module` and `torch.optim`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from xorfunc.data import Batch, minibatches
from xorfunc.optim import Optimizer, State, apply_updates, sgd
from xorfunc.params import LossFn, Params
from xorfunc.random import Key, fold_in
from xorfunc.transforms import value_and_grad

BACKENDS = ("auto", "eager")


@torch.no_grad()
def optimizer_step(
    loss_fn: LossFn, optimizer: Optimizer, params: Params, state: State, x: Tensor, y: Tensor
) -> tuple[Params, State, Float[Tensor, ""]]:
    """One step of any optimizer: new parameters, new state, and the loss before the step.

    >>> optimizer = sgd(0.5)
    >>> params = {"w": torch.tensor(1.0)}
    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> optimizer_step(loss_fn, optimizer, params, optimizer.init(params), torch.ones(1), torch.zeros(1))
    ({'w': tensor(0.)}, (), tensor(1.))
    """
    loss, grads = value_and_grad(loss_fn)(params, x, y)
    updates, state = optimizer.update(grads, state, params)
    return apply_updates(params, updates), state, loss


def train_step(loss_fn: LossFn, params: Params, x: Tensor, y: Tensor, lr: float) -> tuple[Params, Float[Tensor, ""]]:
    """One step of gradient descent: new parameters, and the loss before the step.

    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> train_step(loss_fn, {"w": torch.tensor(1.0)}, torch.ones(1), torch.zeros(1), lr=0.5)
    ({'w': tensor(0.)}, tensor(1.))
    """
    params, _, loss = optimizer_step(loss_fn, sgd(lr), params, (), x, y)
    return params, loss


def train_epoch(
    loss_fn: LossFn, params: Params, batches: Iterable[Batch], lr: float
) -> tuple[Params, Float[Tensor, "num_batches"]]:
    """A step of gradient descent on each batch in turn.

    Returns:
        The parameters after the last batch, and the loss of each batch before its step.

    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> batch = (torch.ones(1), torch.zeros(1))
    >>> train_epoch(loss_fn, {"w": torch.tensor(1.0)}, [batch, batch], lr=0.25)
    ({'w': tensor(0.2500)}, tensor([1.0000, 0.2500]))
    """
    losses: list[Tensor] = []
    for x, y in batches:
        params, loss = train_step(loss_fn, params, x, y, lr)
        losses.append(loss)
    return params, torch.stack(losses)


class FitResult(NamedTuple):
    """Trained parameters, and the loss of each epoch: the mean over its examples of the loss before each step."""

    params: Params
    losses: Float[Tensor, "num_epochs"]


def fit(
    key: Key,
    loss_fn: LossFn,
    params: Params,
    x: Shaped[Tensor, "N *x"],
    y: Shaped[Tensor, "N *y"],
    *,
    optimizer: Optimizer = sgd(0.1),  # noqa: B008 -- an optimizer is immutable
    num_epochs: int = 100,
    batch_size: int = 128,
    backend: str = "auto",
    progress: bool = False,
) -> FitResult:
    """Train on all examples, shuffled afresh each epoch.

    Epoch e takes its batches from `minibatches(fold_in(key, e), x, y, batch_size)`, so that key and
    arguments determine the whole run and any epoch can be repeated alone.

    Args:
        key: a random key for the order of the examples.
        loss_fn: mean loss of a batch.
        params: where to start.
        x: inputs.
        y: their targets.
        optimizer: what turns gradients into steps.
        num_epochs: passes over the data.
        batch_size: examples a step.
        backend: how the steps are run, "eager" (plain `torch.func`) or "auto" (the cheapest way that is known).
        progress: show a bar.

    Raises:
        ValueError: if the backend is unknown, or there is no epoch, no example, or no whole number of examples a step.

    >>> from xorfunc.random import key
    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> x = torch.ones(4)
    >>> fit(key(0), loss_fn, {"w": torch.tensor(0.0)}, x, x, optimizer=sgd(0.25), num_epochs=3)
    FitResult(params={'w': tensor(0.8750)}, losses=tensor([1.0000, 0.2500, 0.0625]))
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r}: the known ones are {BACKENDS!r}. Leave it out for the cheapest.")
    if num_epochs < 1:
        raise ValueError(f"num_epochs={num_epochs!r}: training takes at least 1 epoch. Raise it.")
    if len(x) == 0:
        raise ValueError("x has no examples: training needs at least 1. Was the data filtered away?")
    state = optimizer.init(params)
    losses: list[Tensor] = []
    for epoch in _epochs(num_epochs, progress):
        total = torch.zeros((), device=x.device)
        for x_batch, y_batch in minibatches(fold_in(key, epoch), x, y, batch_size):
            params, state, loss = optimizer_step(loss_fn, optimizer, params, state, x_batch, y_batch)
            total = total + len(x_batch) * loss
        losses.append(total / len(x))
    return FitResult(params, torch.stack(losses))


def module_step(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
) -> float:
    """One step in module style: `module` and `optimizer` change in place; the loss before the step.

    Args:
        module: gives logits `[N, 1]`.
        optimizer: holds the module's parameters.
        loss_fn: mean loss of logits `[N]` and labels `[N]`.
        x: inputs `[N, D]`.
        y: labels `[N]`.

    >>> module = nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    >>> x, y = torch.eye(2), torch.tensor([0.0, 1.0])
    >>> first = module_step(module, optimizer, nn.functional.mse_loss, x, y)
    >>> module_step(module, optimizer, nn.functional.mse_loss, x, y) < first
    True
    """
    optimizer.zero_grad()
    loss = loss_fn(module(x).squeeze(-1), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def train_module(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[Batch],
    num_epochs: int,
) -> list[float]:
    """Train in module style, in train mode: the mean over the examples of each epoch of the loss before each step.

    Args:
        module: gives logits `[N, 1]`; trained in place.
        optimizer: holds the module's parameters.
        loss_fn: mean loss of logits `[N]` and labels `[N]`.
        batches: a list of batches or a `DataLoader`, gone through once an epoch.
        num_epochs: passes over the batches.

    Raises:
        ValueError: if `batches` gives nothing, as a generator does the second time.

    >>> module = nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    >>> batches = [(torch.eye(2), torch.tensor([0.0, 1.0]))]
    >>> first, second = train_module(module, optimizer, nn.functional.mse_loss, batches, num_epochs=2)
    >>> second < first
    True
    """
    module.train()
    losses: list[float] = []
    for epoch in range(num_epochs):
        total, num_examples = 0.0, 0
        for x, y in batches:
            total += len(x) * module_step(module, optimizer, loss_fn, x, y)
            num_examples += len(x)
        if num_examples == 0:
            raise ValueError(
                f"batches gave no example in epoch {epoch!r}: they are gone through once an epoch. "
                "Give a list or a DataLoader; a generator ends after one."
            )
        losses.append(total / num_examples)
    return losses


def _epochs(num_epochs: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(num_epochs)
    from tqdm.auto import trange  # only who wants a bar waits for its import

    return trange(num_epochs, desc="epochs")
