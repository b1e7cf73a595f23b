"""Training in both styles: parameters in and new parameters out, or a module changed in place.

A step is a function from parameters to new parameters and the loss before the step. An epoch folds it over its
batches, and `fit` folds epochs. No graph is recorded around a step: `torch.func` differentiates inside it, and what
comes out is plain tensors, however often they are fed back in. `module_step` and `train_module` are the same loops
for an `nn.Module` and `torch.optim`.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.utils import _pytree as pytree  # as in xorfunc.step

from xorfunc.backends import BACKENDS, choose_run
from xorfunc.compiled import Leaves, Run, compiled, epochs_a_call, looped, traced
from xorfunc.data import Batch, require_batches
from xorfunc.optim import Optimizer, State, sgd
from xorfunc.params import LossFn, Params
from xorfunc.random import Key, fold_in, permutations
from xorfunc.step import flat_meaning, flat_step, form, optimizer_step

SMALL_BATCH = 2**13  # entries; below, waking a second thread costs more than it saves
EXAMPLES_SHUFFLED = 2**17  # at once, of one epoch or of many: a sort of many rows costs less than many sorts


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
    arguments determine the whole run and any epoch can be repeated alone. Every backend gives the trajectory of "eager"
    within rounding. A fast one is prepared once for a `loss_fn`, an `optimizer` (the same objects), and sizes; both
    must be pure, as all that this library takes. Where a fast one fails, a slower one takes over with one warning.

    Ctrl-C ends the training early: the result is what was reached, with a loss for each epoch that was finished. (With
    none finished it is an interrupt as any other.)

    Args:
        key: a random key for the order of the examples.
        loss_fn: mean loss of a batch.
        params: where to start.
        x: inputs.
        y: their targets.
        optimizer: what turns gradients into steps.
        num_epochs: passes over the data.
        batch_size: examples a step.
        backend: how the steps are run: "eager" (plain `torch.func`), "traced" (their operations replayed), "compiled"
            (in machine code; takes some ten seconds and a C++ compiler first), or "auto" (the cheapest in total for
            this many steps; needs no compiler).
        progress: show a bar.

    Raises:
        ValueError: if the backend is unknown, or there is no epoch, no example, or no whole number of examples a step.

    >>> from xorfunc.random import key
    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> x = torch.ones(4)
    >>> fit(key(0), loss_fn, {"w": torch.tensor(0.0)}, x, x, optimizer=sgd(0.25), num_epochs=3)
    FitResult(params={'w': tensor(0.8750)}, losses=tensor([1.0000, 0.2500, 0.0625]))
    """
    require_runnable(backend, num_epochs, batch_size, x, y)
    x, y = x.detach().contiguous(), y.detach().contiguous()  # as the batches are that graphs will be given
    whole = params, optimizer.init(params)
    leaves, spec = pytree.tree_flatten(whole)
    meaning, step = flat_meaning(loss_fn, optimizer, spec), flat_step(loss_fn, optimizer, spec)

    def step_of_whole(params: Params, state: State, x: Tensor, y: Tensor) -> Any:
        # Not on leaves: it is only for a graph that a state must keep its form from step to step.
        return optimizer_step(loss_fn, optimizer, params, state, x, y)

    eager = looped(step_of_whole, batch_size)
    small = x[:batch_size].numel() < SMALL_BATCH
    at_once = epochs_a_call(len(x), num_epochs)
    run = choose_run(
        backend,
        eager,
        {
            "traced": lambda: traced(step, meaning, leaves, x, y, batch_size),
            "compiled": lambda: compiled(step, meaning, leaves, x, y, batch_size, at_once, small, small),
        },
        loss_fn=loss_fn,
        situation=(optimizer, str(spec), *map(form, (*leaves, x, y)), batch_size, at_once, torch.get_default_dtype()),
        num_steps=num_epochs * -(-len(x) // batch_size),
    )
    reached, losses = run_epochs(run, key, whole if run is eager else leaves, x, y, num_epochs, progress)
    trained, _ = reached if run is eager else pytree.tree_unflatten(list(reached), spec)
    return FitResult({name: p.detach().clone() for name, p in trained.items()}, losses)


def run_epochs(
    run: Run, key: Key, leaves: Leaves, x: Tensor, y: Tensor, num_epochs: int, progress: bool
) -> tuple[Leaves, Float[Tensor, "reached *members"]]:
    """Take the leaves through all epochs, or as many as there are before Ctrl-C.

    >>> from xorfunc.compiled import looped
    >>> from xorfunc.random import key
    >>> run = looped(lambda total, x, y: (total + x.sum(), x.mean()), batch_size=2)
    >>> run_epochs(run, key(0), [torch.tensor(0.0)], torch.ones(3), torch.ones(3), num_epochs=2, progress=False)
    ([tensor(6.)], tensor([1., 1.]))
    """
    losses: list[Tensor] = []
    reached = leaves, 0
    epochs_at_once = max(1, EXAMPLES_SHUFFLED // len(x))
    if epochs_at_once > (once := epochs_a_call(len(x), num_epochs)):
        epochs_at_once -= epochs_at_once % once  # so that compiled calls come out even
    try:
        with _bar(num_epochs, progress) as bar:
            for first in range(0, num_epochs, epochs_at_once):
                order = epoch_orders(key, first, min(first + epochs_at_once, num_epochs), len(x))
                for after, some in run(reached[0], *(_in_order(data, order) for data in (x, y))):
                    losses.append(some)
                    reached = after, len(losses)
                    bar.update(len(some))
    except KeyboardInterrupt:
        if not reached[1]:
            raise
        logging.getLogger(__name__).warning("Stopped by Ctrl-C: the result is what was reached.")
    leaves, num_reached = reached
    return leaves, torch.cat(losses[:num_reached]).clone()


def epoch_orders(key: Key, first: int, stop: int, num_examples: int) -> Int[Tensor, "epochs N"]:
    """The orders in which `minibatches(fold_in(key, e), ...)` takes the examples, for epochs e from first to stop.

    >>> from xorfunc.random import key, permutation
    >>> bool((epoch_orders(key(0), 3, 5, 9)[1] == permutation(fold_in(key(0), 4), 9)).all())
    True
    """
    epochs = torch.arange(first, stop, device=key.device)
    return permutations(torch.func.vmap(lambda epoch: fold_in(key, epoch))(epochs), num_examples)


def _in_order(data: Shaped[Tensor, "N *rest"], order: Int[Tensor, "epochs N"]) -> Shaped[Tensor, "epochs N *rest"]:
    """`data[order]`, in a third of its time."""
    return data.index_select(0, order.flatten()).unflatten(0, order.shape)


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


def require_runnable(backend: str, num_epochs: int, batch_size: int, x: Tensor, y: Tensor) -> None:
    """Raise unless a training can run like this.

    Raises:
        ValueError: if the backend is unknown, or there is no epoch, no example, or no whole number of examples a step.

    >>> require_runnable("auto", 0, 1, torch.ones(1), torch.ones(1))
    Traceback (most recent call last):
    ...
    ValueError: num_epochs=0: training takes at least 1 epoch. Raise it.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r}: the known ones are {BACKENDS!r}. Leave it out for the cheapest.")
    if num_epochs < 1:
        raise ValueError(f"num_epochs={num_epochs!r}: training takes at least 1 epoch. Raise it.")
    if len(x) == 0:
        raise ValueError("x has no examples: training needs at least 1. Was the data filtered away?")
    require_batches(x, y, batch_size)


class _NoBar(nullcontext[Any]):
    def update(self, count: int) -> None:
        """Show nothing."""

    def __enter__(self) -> "_NoBar":
        return self


def _bar(num_epochs: int, progress: bool) -> Any:
    if not progress:
        return _NoBar()
    from tqdm.auto import tqdm  # for a terminal or a notebook; only who wants a bar waits for its import

    return tqdm(total=num_epochs, desc="epochs")
