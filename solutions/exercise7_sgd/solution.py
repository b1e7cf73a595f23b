"""Exercise 7: one step downhill.

The network is a function of its parameters, and the loss says how badly they explain the labels. Its gradient points
uphill, so a small step against it makes the loss smaller:

    p' = p - lr g

In the functional style a step takes parameters and gives new ones; the old ones stay as they are. With momentum there
is one more thing to carry along, the velocity, and it is an argument and a result like the parameters. An `nn.Module`
and a `torch.optim` optimizer do the same in place, out of sight, and you have to keep their gradients clean yourself.
You write both ways here; the next exercise puts either step into a loop.

Write each function, then run `xor-check exercise7`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import grad_and_value

Params = dict[str, Tensor]


def sgd_update(params: Params, grads: Params, lr: float) -> Params:
    """Give the parameters after one step of gradient descent.

        p' = p - lr g        for each name

    The result is a new dict of plain tensors, which do not require grad, whether those of `params` do or not.
    `train_step` takes its step with it.

    Args:
        params: the parameters.
        grads: their gradients, under the same names, in whatever order.
        lr: the learning rate.

    Returns:
        The new parameters, under the same names.

    >>> sgd_update({"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([2.0, -4.0])}, lr=0.25)
    {'w': tensor([0.5000, 3.0000])}
    """
    with torch.no_grad():
        return {name: p - lr * grads[name] for name, p in params.items()}


def train_step(
    loss_fn: Callable[[Params, Tensor, Tensor], Tensor], params: Params, x: Tensor, y: Tensor, lr: float
) -> tuple[Params, Tensor]:
    """Give the parameters after one step down the loss of a batch, and that loss before the step.

    Both are plain tensors, which do not require grad. A parameter that the loss ignores stays as it is. Exercise 8
    does nothing else, batch after batch, and exercise 12 does it for thousands of networks at once.

    Args:
        loss_fn: maps `(params, x, y)` to the scalar loss, [].
        params: the parameters.
        x: inputs, [N, ...].
        y: labels, [N].
        lr: the learning rate.

    Returns:
        The new parameters, and the loss before the step, [].

    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> train_step(loss_fn, {"w": torch.tensor(1.0)}, torch.ones(2), torch.zeros(2), lr=0.25)
    ({'w': tensor(0.5000)}, tensor(1.))
    """
    grads, loss = grad_and_value(loss_fn)(params, x, y)
    return sgd_update(params, grads, lr), loss.detach()


def momentum_init(params: Params) -> Params:
    """Give the velocity of parameters that have not moved yet: zeros like each of them.

    They are plain tensors, which do not require grad. `momentum_update` is first called with them.

    Args:
        params: the parameters.

    Returns:
        The velocity, with the names, shapes, dtype and device of `params`.

    >>> momentum_init({"w": torch.tensor([1.0, 2.0])})
    {'w': tensor([0., 0.])}
    """
    return {name: torch.zeros_like(p) for name, p in params.items()}


def momentum_update(
    params: Params, grads: Params, velocity: Params, lr: float, momentum: float
) -> tuple[Params, Params]:
    """Give parameters and velocity after one step of gradient descent with momentum, as `torch.optim.SGD` takes it.

        v' = momentum v + g
        p' = p - lr v'

    Both results are new dicts of plain tensors, which do not require grad. Any algorithm of `xorfunc.optim` has this
    form: what it remembers goes in and comes out, and so exercise 12 can step many networks at once.

    Args:
        params: the parameters p.
        grads: their gradients g, under the same names, in whatever order.
        velocity: v, under the same names, in whatever order.
        lr: the learning rate.
        momentum: how much of the velocity is kept, from 0 to 1.

    Returns:
        The new parameters and the new velocity.

    >>> momentum_update({"w": torch.tensor(1.0)}, {"w": torch.tensor(2.0)}, {"w": torch.tensor(4.0)}, 0.25, 0.5)
    ({'w': tensor(0.)}, {'w': tensor(4.)})
    """
    with torch.no_grad():
        velocity = {name: momentum * v + grads[name] for name, v in velocity.items()}
    return sgd_update(params, velocity, lr), velocity


def module_step(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
) -> float:
    """Take one step in the module style: `module` and `optimizer` change in place. Give the loss before the step.

    Five steps: clear the gradient, run the module, compute the loss, go backward, step. `backward` adds to what the
    parameters hold in `.grad`, and that may be anything when you are called: clearing comes first.

    `train_module` in exercise 8 calls this for each batch.

    Args:
        module: maps `x` to logits [N, 1].
        optimizer: holds the parameters of `module`.
        loss_fn: maps logits [N] and labels [N] to the scalar loss. Beware of [N, 1] beside [N]: it makes [N, N].
        x: inputs, [N, D].
        y: labels, [N].

    Returns:
        The loss before the step, as a Python float.

    >>> module = nn.Linear(1, 1)
    >>> _ = module.load_state_dict({"weight": torch.tensor([[1.0]]), "bias": torch.tensor([0.0])})
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.25)
    >>> module_step(module, optimizer, nn.functional.mse_loss, torch.tensor([[1.0]]), torch.tensor([0.0]))
    1.0
    >>> module.weight
    Parameter containing:
    tensor([[0.5000]], requires_grad=True)
    """
    optimizer.zero_grad()
    s = module(x).squeeze(-1)
    loss = loss_fn(s, y)
    loss.backward()
    optimizer.step()
    return loss.item()
