"""Exercise 5: the network as a function of its parameters.

A network is a formula with numbers left open:

    h = tanh(W_h x + b_h)        s = W_s h + b_s

The numbers are the parameters. In the functional style they are a plain dict, and the network is a function of that
dict and of x: nothing is hidden in an object, so `grad` and `vmap` can take hold of all of it. PyTorch's usual style
is the other one, an `nn.Module` that owns its parameters. You write both here, with the same names, so that a dict
passes from one to the other.

The result s is a logit: any number, not a probability. What it says about probabilities is the next exercise.

Write each function, then run `xor-check exercise5`.
"""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call

from xorfunc import random

Params = dict[str, Tensor]


def init_params(key: Tensor, num_inputs: int, num_hidden: int, num_outputs: int) -> Params:
    """Draw the parameters that training starts from.

    Every entry is uniform between -1/sqrt(fan_in) and 1/sqrt(fan_in), where fan_in is how many numbers a unit of that
    layer takes in: num_inputs for `linear_h`, num_hidden for `linear_s`. Biases too. This is what `nn.Linear` does.

    `random.uniform(key, shape, low, high)` draws, and the same key always gives the same numbers: each leaf needs a
    key of its own, which `random.split(key, num)` makes. Exercise 12 draws thousands of networks with it.

    Args:
        key: a random key.
        num_inputs: D, the size of x.
        num_hidden: H, the number of hidden units.
        num_outputs: O, the number of logits.

    Returns:
        `linear_h.weight` [H, D], `linear_h.bias` [H], `linear_s.weight` [O, H], `linear_s.bias` [O], all float32.

    >>> params = init_params(random.key(0), 2, 4, 1)
    >>> {name: tuple(leaf.shape) for name, leaf in params.items()}
    {'linear_h.weight': (4, 2), 'linear_h.bias': (4,), 'linear_s.weight': (1, 4), 'linear_s.bias': (1,)}
    """
    keys = random.split(key, 4)
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    return {
        "linear_h.weight": random.uniform(keys[0], (num_hidden, num_inputs), -h, h),
        "linear_h.bias": random.uniform(keys[1], (num_hidden,), -h, h),
        "linear_s.weight": random.uniform(keys[2], (num_outputs, num_hidden), -s, s),
        "linear_s.bias": random.uniform(keys[3], (num_outputs,), -s, s),
    }


def affine(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Give W x + b, for one x or for many at once.

        result[..., h] = sum_d weight[h, d] x[..., d] + bias[h]

    Args:
        weight: [H, D].
        bias: [H].
        x: [..., D]: one point, a batch of them, or a batch of batches.

    Returns:
        [..., H].

    >>> affine(torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([0.5, 0.0]), torch.tensor([3.0, 4.0]))
    tensor([11.5000,  4.0000])
    """
    return x @ weight.T + bias


def logits(params: Params, x: Tensor) -> Tensor:
    """Give the network's logits for x: affine, tanh, affine.

    No sigmoid at the end: the losses of the next exercise start from logits.

    Args:
        params: as `init_params` gives them.
        x: [..., D].

    Returns:
        [..., O].

    >>> params = {"linear_h.weight": torch.eye(2), "linear_h.bias": torch.zeros(2)}
    >>> params |= {"linear_s.weight": torch.ones(1, 2), "linear_s.bias": torch.tensor([1.0])}
    >>> logits(params, torch.tensor([[0.0, 0.0], [9.0, 9.0]]))
    tensor([[1.],
            [3.]])
    """
    h = torch.tanh(affine(params["linear_h.weight"], params["linear_h.bias"], x))
    return affine(params["linear_s.weight"], params["linear_s.bias"], h)


class LogitPredictor(nn.Module):
    """The same network as a module that owns its parameters.

    Two submodules, `linear_h` and `linear_s`, make the names of its `state_dict` those of `init_params`; then
    `module(x)` equals `logits(module.state_dict(), x)`. `nn.Linear` draws its own numbers, from PyTorch's global
    random state.

    >>> module = LogitPredictor(num_inputs=2, num_hidden=4, num_outputs=1)
    >>> sorted(module.state_dict())
    ['linear_h.bias', 'linear_h.weight', 'linear_s.bias', 'linear_s.weight']
    >>> module(torch.zeros(3, 2)).shape
    torch.Size([3, 1])
    """

    def __init__(self, num_inputs: int, num_hidden: int, num_outputs: int) -> None:
        """Make the two layers.

        Args:
            num_inputs: D, the size of x.
            num_hidden: H, the number of hidden units.
            num_outputs: O, the number of logits.
        """
        super().__init__()
        self.linear_h = nn.Linear(num_inputs, num_hidden)
        self.linear_s = nn.Linear(num_hidden, num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits [..., O] of x [..., D]."""
        return self.linear_s(torch.tanh(self.linear_h(x)))


def functional_logits(module: nn.Module, params: Params, x: Tensor) -> Tensor:
    """Give what a module answers when `params` stand in the place of its own parameters.

    This is the bridge between the styles: any module becomes a function of its parameters, and the module itself stays
    as it is. A name that is missing in `params`, or is not the module's, must raise an error. PyTorch's default is to
    take the module's own weight for a missing name without a word, and then its gradient is zero.

    Args:
        module: any module that takes x.
        params: a tensor for each name of `module.named_parameters()`.
        x: [..., D].

    Returns:
        [..., O], differentiable in `params` and `x`.

    >>> module = LogitPredictor(2, 4, 1)
    >>> zeros = {name: torch.zeros_like(leaf) for name, leaf in module.named_parameters()}
    >>> functional_logits(module, zeros, torch.ones(2)).tolist()
    [0.0]
    """
    return functional_call(module, params, (x,), strict=True)


def count_parameters(params: Params) -> int:
    """Give the number of entries of all parameters together, as an int.

    >>> count_parameters({"weight": torch.zeros(4, 2), "bias": torch.zeros(4)})
    12
    """
    return sum(leaf.numel() for leaf in params.values())
