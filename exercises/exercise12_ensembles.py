"""Exercise 12: thousands of networks at once.

This is the last step of the story. One network of 2-4-1 units now learns continuous XOR, and its parameters are a plain
dict. An ensemble is the same dict with one more axis: every leaf is [K, *shape], and member k is the k-th slice of
each. Nothing that you wrote for one network is written again: `vmap` maps it over the members, and K networks are
drawn, asked and trained together. A module, which owns its parameters, could not be mapped like this; a pure function
of its parameters can.

Everywhere below, `init_fn(key) -> params`, `logits_fn(params, x) -> [N]` and `loss_fn(params, x, y) -> []` are for ONE
member. `train_step` is that of exercise 7, `module_to_params` that of exercise 10.

Write each function, then run `xor-check exercise12`.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from xorfunc.random import split

Params = dict[str, Tensor]


def init_ensemble(key: Tensor, init_fn: Callable[[Tensor], Params], num_members: int) -> Params:
    """Draw the parameters of K members, each by a key of its own.

        member k = init_fn(split(key, num_members)[k])

    What you get is what `ensemble_step` trains.

    Args:
        key: a random key.
        init_fn: gives the parameters of one member from a key.
        num_members: K, at least 1.

    Returns:
        A dict with the names that `init_fn` gives; each leaf is [K, *shape].

    >>> from xorfunc.random import key, normal
    >>> params = init_ensemble(key(0), lambda key: {"w": normal(key, (2,))}, num_members=3)
    >>> params["w"].shape
    torch.Size([3, 2])
    >>> torch.equal(params["w"][1], normal(split(key(0), 3)[1], (2,)))
    True
    """
    raise NotImplementedError


def ensemble_logits(logits_fn: Callable[[Params, Tensor], Tensor], params: Params, x: Tensor) -> Tensor:
    """Give the logits of every member for the same data.

        s[k, n] = logits_fn(member k, x)[n]

    Differentiable in `params` and `x`. `ensemble_probability` is made of it.

    Args:
        logits_fn: gives the logits of one member, [N].
        params: the ensemble, each leaf [K, *shape].
        x: inputs, [N, D]; every member sees all of them.

    Returns:
        The logits, [K, N].

    >>> logits_fn = lambda params, x: x @ params["w"]
    >>> ensemble_logits(logits_fn, {"w": torch.tensor([[1.0, 0.0], [0.0, 1.0]])}, torch.tensor([[5.0, 7.0]]))
    tensor([[5.],
            [7.]])
    """
    raise NotImplementedError


def ensemble_step(
    loss_fn: Callable[[Params, Tensor, Tensor], Tensor], params: Params, x: Tensor, y: Tensor, lr: float
) -> tuple[Params, Tensor]:
    """Let every member take one step of gradient descent, as it would take it alone.

        p_k' = p_k - lr * gradient of loss_fn(p_k, x, y) with respect to p_k

    All members step on the same data. In a loop over minibatches this trains the whole ensemble, as `train_step` trains
    one network in exercise 8.

    Args:
        loss_fn: gives the loss of one member, a scalar.
        params: the ensemble, each leaf [K, *shape].
        x: inputs, [N, D].
        y: labels, [N].
        lr: the learning rate.

    Returns:
        The new parameters, and the loss of each member before its step, [K]. None of them requires grad, also where
        `params` do, and a parameter that the loss ignores stays as it is.

    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> ensemble_step(loss_fn, {"w": torch.tensor([1.0, 3.0])}, torch.ones(1), torch.zeros(1), lr=0.25)
    ({'w': tensor([0.5000, 1.5000])}, tensor([1., 9.]))
    """
    raise NotImplementedError


def ensemble_probability(logits_fn: Callable[[Params, Tensor], Tensor], params: Params, x: Tensor) -> Tensor:
    """Give the probability P(Y=1) that the ensemble as a whole has for each example.

        P(Y=1 | x) = 1/K sum_k sigmoid(s_k(x))

    Each member has its say with its own probability. Where members are sure and disagree, the ensemble is unsure: no
    single network would tell you so. Differentiable in `params` and `x`.

    Args:
        logits_fn: gives the logits of one member, [N].
        params: the ensemble, each leaf [K, *shape].
        x: inputs, [N, D].

    Returns:
        The mean of the members' probabilities, [N].

    >>> logits_fn = lambda params, x: x @ params["w"]
    >>> ensemble_probability(logits_fn, {"w": torch.tensor([[40.0], [-20.0]])}, torch.tensor([[1.0]]))
    tensor([0.5000])
    """
    raise NotImplementedError


def stack_modules(modules: Sequence[nn.Module]) -> Params:
    """Make one ensemble of K modules of one class.

    Modules that were trained one by one can then be asked all at once, by `ensemble_logits` and `functional_logits`.

    Args:
        modules: the members, at least one. They stay as they are, and training them later leaves the result alone.

    Returns:
        A dict with the names of `named_parameters`; each leaf is [K, *shape], a copy that does not require grad. Frozen
        parameters are among them, buffers are not.

    >>> params = stack_modules([nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)])
    >>> params["weight"].shape, params["bias"].shape
    (torch.Size([3, 1, 2]), torch.Size([3, 1]))
    """
    raise NotImplementedError
