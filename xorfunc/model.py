"""One network, written twice: as a function of its parameters and as an `nn.Module`.

    h = tanh(W_h x + b_h)        s = W_s h + b_s

The function `logits` takes the parameters as a dict, the module `LogitPredictor` owns them. Both use the same names, so
a dict passes from one to the other (`xorfunc.checkpoint`), and `functional_logits` runs any module on parameters that
are not its own. The output is a logit: what it says about probabilities stands in `xorfunc.likelihood`.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from xorfunc.params import Params, require_names
from xorfunc.random import Key, split, uniform


def init_params(key: Key, num_inputs: int, num_hidden: int, num_outputs: int) -> Params:
    """Random parameters, each entry uniform within 1 / sqrt(fan_in) of zero, as `nn.Linear` draws them.

    Args:
        key: a random key; it determines every entry.
        num_inputs: D, size of `x`.
        num_hidden: H, size of the hidden layer.
        num_outputs: O, number of logits.

    Returns:
        `linear_h.weight [H, D]`, `linear_h.bias [H]`, `linear_s.weight [O, H]`, `linear_s.bias [O]`, float32.

    Raises:
        ValueError: if a size is less than 1.

    >>> from xorfunc.random import key
    >>> {name: tuple(p.shape) for name, p in init_params(key(0), 2, 4, 1).items()}
    {'linear_h.weight': (4, 2), 'linear_h.bias': (4,), 'linear_s.weight': (1, 4), 'linear_s.bias': (1,)}
    """
    sizes = (num_inputs, num_hidden, num_outputs)
    if min(sizes) < 1:
        raise ValueError(f"sizes {sizes!r}: every layer has at least 1 unit. 2, 4, 1 solves XOR.")
    hidden_bound, output_bound = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    keys = split(key, 4)
    return {
        "linear_h.weight": uniform(keys[0], (num_hidden, num_inputs), -hidden_bound, hidden_bound),
        "linear_h.bias": uniform(keys[1], (num_hidden,), -hidden_bound, hidden_bound),
        "linear_s.weight": uniform(keys[2], (num_outputs, num_hidden), -output_bound, output_bound),
        "linear_s.bias": uniform(keys[3], (num_outputs,), -output_bound, output_bound),
    }


def affine(
    weight: Float[Tensor, "H D"], bias: Float[Tensor, "H"], x: Float[Tensor, "*batch D"]
) -> Float[Tensor, "*batch H"]:
    """W x + b over the last axis.

    >>> affine(torch.tensor([[1.0, 2.0]]), torch.tensor([0.5]), torch.tensor([3.0, 4.0]))
    tensor([11.5000])
    """
    return F.linear(x, weight, bias)


def logits(params: Params, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch O"]:
    """The network's logits: affine, tanh, affine.

    Args:
        params: as `init_params` gives them.
        x: inputs.

    >>> params = {"linear_h.weight": torch.eye(2), "linear_h.bias": torch.zeros(2),
    ...           "linear_s.weight": torch.ones(1, 2), "linear_s.bias": torch.ones(1)}
    >>> logits(params, torch.zeros(3, 2))
    tensor([[1.],
            [1.],
            [1.]])
    """
    h = torch.tanh(affine(params["linear_h.weight"], params["linear_h.bias"], x))
    return affine(params["linear_s.weight"], params["linear_s.bias"], h)


class LogitPredictor(nn.Module):
    """The same network as a module that owns its parameters.

    Its parameters are drawn from the global random state, as those of every module.

    >>> sorted(LogitPredictor(2, 4, 1).state_dict())
    ['linear_h.bias', 'linear_h.weight', 'linear_s.bias', 'linear_s.weight']
    """

    def __init__(self, num_inputs: int, num_hidden: int, num_outputs: int) -> None:
        super().__init__()
        self.linear_h = nn.Linear(num_inputs, num_hidden)
        self.linear_s = nn.Linear(num_hidden, num_outputs)

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch O"]:
        """The logits of `x`."""
        return self.linear_s(torch.tanh(self.linear_h(x)))


def functional_logits(module: nn.Module, params: Params, x: Tensor) -> Tensor:
    """What `module` gives for `x` with `params` in the place of its own parameters.

    The module is unchanged: buffers that it would write to are copied first.

    Raises:
        ValueError: if `params` lacks a parameter of the module or has one that the module lacks. (`torch` alone, unless
            told `strict=True`, takes the module's own weight for a missing name, and its gradient is zero.)

    >>> module = LogitPredictor(2, 4, 1)
    >>> zeros = {name: torch.zeros_like(p) for name, p in module.named_parameters()}
    >>> functional_logits(module, zeros, torch.ones(3, 2)).abs().sum()
    tensor(0.)
    """
    require_names(params, dict(module.named_parameters()), "functional_logits")
    buffers = {name: b.clone() for name, b in module.named_buffers()}
    return torch.func.functional_call(module, (params, buffers), (x,), strict=True)


def count_parameters(params: Params) -> int:
    """The number of entries of all parameters together.

    >>> count_parameters({"w": torch.zeros(4, 2), "b": torch.zeros(4)})
    12
    """
    return sum(p.numel() for p in params.values())
