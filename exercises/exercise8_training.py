"""Exercise 8: the loop that makes a network learn.

One step makes the loss of one batch a little smaller. Training is nothing but steps: an epoch takes one on each batch
in turn, and a whole training run goes through epochs, with the examples shuffled afresh for each of them.

    (params, batch) -> step -> (params, batch) -> step -> ...

In the functional style the parameters are handed from step to step, and the key decides the order of the examples: the
same key, the same data and the same parameters give the same training run, to the last digit. In the module style the
same loop changes a module in place. What you log is the loss before each step, averaged over the examples: the last
batch is often shorter than the others, and its examples count no more than any other.

The steps of exercise 7 are there to be used, `train_step` and `module_step`, as is `minibatches` of exercise 4.

Write each function, then run `xor-check exercise8`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from xorfunc.data import minibatches
from xorfunc.random import fold_in
from xorfunc.train import module_step, train_step

Params = dict[str, Tensor]
Batch = tuple[Tensor, Tensor]


def train_epoch(
    loss_fn: Callable[[Params, Tensor, Tensor], Tensor], params: Params, batches: list[Batch], lr: float
) -> tuple[Params, Tensor]:
    """Take one step of gradient descent on each batch in turn.

    Each step starts from the parameters that the one before gave. The results are plain tensors, which do not require
    grad. `fit` calls this for each epoch.

    Args:
        loss_fn: maps `(params, x, y)` to the scalar loss, [].
        params: where to start.
        batches: pairs `(x, y)`, at least one; the last may be shorter.
        lr: the learning rate.

    Returns:
        The parameters after the last step, and a tensor [num_batches] of the loss of each batch before its step.

    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> batch = (torch.ones(2), torch.zeros(2))
    >>> train_step(loss_fn, {"w": torch.tensor(1.0)}, *batch, lr=0.25)  # from exercise 7
    ({'w': tensor(0.5000)}, tensor(1.))
    >>> train_epoch(loss_fn, {"w": torch.tensor(1.0)}, [batch, batch], lr=0.25)
    ({'w': tensor(0.2500)}, tensor([1.0000, 0.2500]))
    """
    raise NotImplementedError


def fit(
    key: Tensor,
    loss_fn: Callable[[Params, Tensor, Tensor], Tensor],
    params: Params,
    x: Tensor,
    y: Tensor,
    num_epochs: int,
    batch_size: int,
    lr: float,
) -> tuple[Params, Tensor]:
    """Train for some epochs, with the examples shuffled afresh in each.

    Epoch e = 0, 1, ..., num_epochs - 1 goes through the batches `minibatches(fold_in(key, e), x, y, batch_size)`:
    `fold_in` makes of the key another one for each number. The loss of an epoch is the mean over its N examples:

        loss_e = sum_b size_b loss_b / N        loss_b: of batch b, before its step

    The results are plain tensors, which do not require grad. This is how the network of the course learns XOR.

    Args:
        key: a random key.
        loss_fn: maps `(params, x, y)` to the scalar loss, the mean over the examples that it is given, [].
        params: where to start.
        x: inputs, [N, ...], N >= 1.
        y: labels, [N].
        num_epochs: how often to go through the data, at least once.
        batch_size: examples in a batch; the last one is shorter where N is no multiple of it.
        lr: the learning rate.

    Returns:
        The trained parameters, and a tensor [num_epochs] of the losses.

    >>> from xorfunc.random import key
    >>> x = torch.ones(4)
    >>> [len(x_batch) for x_batch, y_batch in minibatches(fold_in(key(0), 1), x, x, batch_size=3)]
    [3, 1]
    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> fit(key(0), loss_fn, {"w": torch.tensor(0.0)}, x, x, num_epochs=3, batch_size=4, lr=0.25)
    ({'w': tensor(0.8750)}, tensor([1.0000, 0.2500, 0.0625]))
    """
    raise NotImplementedError


def train_module(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batches: list[Batch],
    num_epochs: int,
) -> list[float]:
    """Train in the module style: `module` and `optimizer` change in place.

    The module is in train mode while it learns, also if it comes in evaluation mode: layers like dropout behave
    differently in the two. What the parameters hold in `.grad` from before does not count.

    From equal parameters and on equal batches this loop and that of the functional style learn alike, to rounding.

    Args:
        module: maps inputs [N, D] to logits [N, 1].
        optimizer: holds the parameters of `module`, and what it remembers of earlier steps.
        loss_fn: maps logits [N] and labels [N] to the scalar loss, the mean over the N examples.
        batches: pairs `(x, y)`, at least one, gone through in each epoch; the last may be shorter.
        num_epochs: how often to go through them, at least once.

    Returns:
        For each epoch the mean over its examples of the loss before each step, as a Python float.

    >>> module = nn.Linear(1, 1, bias=False)
    >>> _ = module.load_state_dict({"weight": torch.tensor([[1.0]])})
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.25)
    >>> batch = (torch.tensor([[1.0]]), torch.tensor([0.0]))
    >>> train_module(module, optimizer, nn.functional.mse_loss, [batch], num_epochs=2)
    [1.0, 0.25]
    >>> module_step(module, optimizer, nn.functional.mse_loss, *batch)  # from exercise 7
    0.0625
    """
    raise NotImplementedError
