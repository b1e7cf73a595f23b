"""Right answers to exercise 5 in other forms, all of which the checks must pass."""

import copy
import math

import torch
from torch import nn

from checker.spec import alternative, equivalent
from xorfunc import random


@alternative("init_params")
def by_hand(key, num_inputs, num_hidden, num_outputs):
    a, b, c, d = random.split(key, 4)
    h, s = num_inputs**-0.5, num_hidden**-0.5
    return {
        "linear_s.bias": (2 * random.uniform(d, (num_outputs,)) - 1) * s,
        "linear_s.weight": (2 * random.uniform(c, (num_outputs, num_hidden)) - 1) * s,
        "linear_h.bias": (2 * random.uniform(b, (num_hidden,)) - 1) * h,
        "linear_h.weight": (2 * random.uniform(a, (num_hidden, num_inputs)) - 1) * h,
    }


@alternative("init_params")
def a_key_a_layer(key, num_inputs, num_hidden, num_outputs):
    params = {}
    sizes = {"linear_h": (num_inputs, num_hidden), "linear_s": (num_hidden, num_outputs)}
    for number, (layer, (fan_in, fan_out)) in enumerate(sizes.items()):
        block = random.uniform(random.fold_in(key, number), (fan_out, fan_in + 1), -1, 1) / math.sqrt(fan_in)
        params |= {f"{layer}.weight": block[:, :-1].clone(), f"{layer}.bias": block[:, -1].clone()}
    return params


@alternative("init_params")
def one_draw_cut_in_pieces(key, num_inputs, num_hidden, num_outputs):
    shapes = {
        "linear_h.weight": (num_hidden, num_inputs),
        "linear_h.bias": (num_hidden,),
        "linear_s.weight": (num_outputs, num_hidden),
        "linear_s.bias": (num_outputs,),
    }
    sizes = [math.prod(shape) for shape in shapes.values()]
    pieces = random.uniform(key, (sum(sizes),), -1, 1).split(sizes)
    scale = {"linear_h": num_inputs**-0.5, "linear_s": num_hidden**-0.5}
    return {
        name: piece.reshape(shape) * scale[name[:8]]
        for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
    }


@alternative("init_params")
def a_generator_of_torch(key, num_inputs, num_hidden, num_outputs):
    generator = torch.Generator().manual_seed(int(key[0]) * 2**31 + int(key[1]))

    def leaf(fan_in, *shape):
        return torch.empty(shape).uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator).to(key.device)

    return {
        "linear_h.weight": leaf(num_inputs, num_hidden, num_inputs),
        "linear_h.bias": leaf(num_inputs, num_hidden),
        "linear_s.weight": leaf(num_hidden, num_outputs, num_hidden),
        "linear_s.bias": leaf(num_hidden, num_outputs),
    }


@alternative("init_params")
def of_a_module(key, num_inputs, num_hidden, num_outputs):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(random.randint(key, (), 0, 2**31 - 1)))
        h, s = nn.Linear(num_inputs, num_hidden), nn.Linear(num_hidden, num_outputs)
    params = {f"linear_h.{name}": leaf for name, leaf in h.named_parameters()}
    params |= {f"linear_s.{name}": leaf for name, leaf in s.named_parameters()}
    return {name: leaf.detach().to(key.device) for name, leaf in params.items()}


@alternative("affine")
def linear(weight, bias, x):
    return nn.functional.linear(x, weight, bias)


@alternative("affine")
def by_einsum(weight, bias, x):
    return torch.einsum("hd,...d->...h", weight, x) + bias


@alternative("affine")
def multiplied_and_summed(weight, bias, x):
    return (x.unsqueeze(-2) * weight).sum(-1) + bias


@alternative("affine")
def one_unit_after_another(weight, bias, x):
    return torch.stack([x @ row + shift for row, shift in zip(weight, bias, strict=True)], dim=-1)


@alternative("affine")
def weight_first(weight, bias, x):
    return bias + (weight @ x[..., None])[..., 0]


@alternative("logits")
def in_two_lines(params, x):
    h = torch.tanh(x @ params["linear_h.weight"].T + params["linear_h.bias"])
    return h @ params["linear_s.weight"].T + params["linear_s.bias"]


@alternative("logits")
def by_functional_linear(params, x):
    linear = nn.functional.linear
    h = linear(x, params["linear_h.weight"], params["linear_h.bias"]).tanh()
    return linear(h, params["linear_s.weight"], params["linear_s.bias"])


@alternative("logits")
def tanh_from_the_sigmoid(params, x):
    a = torch.einsum("hd,...d->...h", params["linear_h.weight"], x) + params["linear_h.bias"]
    h = 2 * torch.sigmoid(2 * a) - 1
    return torch.einsum("oh,...h->...o", params["linear_s.weight"], h) + params["linear_s.bias"]


@alternative("LogitPredictor")
class WithAnActivationModule(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        super().__init__()
        self.linear_h = nn.Linear(num_inputs, num_hidden)
        self.activation = nn.Tanh()
        self.linear_s = nn.Linear(num_hidden, num_outputs)

    def forward(self, x):
        return self.linear_s(self.activation(self.linear_h(x)))


@alternative("LogitPredictor")
class NamedLayersOfASequential(nn.Sequential):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        super().__init__()
        self.add_module("linear_h", nn.Linear(num_inputs, num_hidden))
        self.add_module("tanh", nn.Tanh())
        self.add_module("linear_s", nn.Linear(num_hidden, num_outputs))


class Affine(nn.Module):
    def __init__(self, size_in, size_out):
        super().__init__()
        bound = size_in**-0.5
        self.weight = nn.Parameter(torch.empty(size_out, size_in).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(size_out).uniform_(-bound, bound))

    def forward(self, x):
        return x @ self.weight.T + self.bias


@alternative("LogitPredictor")
class WithLayersOfItsOwn(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        super().__init__()
        self.linear_h = Affine(num_inputs, num_hidden)
        self.linear_s = Affine(num_hidden, num_outputs)

    def forward(self, x):
        return self.linear_s(self.linear_h(x).tanh())


def _require_names(module, params):
    own = {name for name, _ in module.named_parameters()}
    if own != set(params):
        raise KeyError(f"names differ: {own ^ set(params)}")


@alternative("functional_logits")
def names_checked_by_hand(module, params, x):
    _require_names(module, params)
    return torch.func.functional_call(module, params, x)


@alternative("functional_logits")
def in_a_template_without_memory(module, params, x):
    _require_names(module, params)
    template = copy.deepcopy(module).to("meta")
    return torch.func.functional_call(template, params, (x,), strict=True)


@alternative("functional_logits")
def attributes_of_a_copy(module, params, x):
    _require_names(module, params)
    twin = copy.deepcopy(module)
    for name, leaf in params.items():
        *path, last = name.split(".")
        owner = twin.get_submodule(".".join(path))
        delattr(owner, last)
        setattr(owner, last, leaf)
    return twin(x)


@alternative("count_parameters")
def product_of_sizes(params):
    return sum(math.prod(leaf.shape) for leaf in params.values())


@alternative("count_parameters")
def flattened(params):
    return len(torch.cat([leaf.reshape(-1) for leaf in params.values()]))


@alternative("count_parameters")
def in_a_loop(params):
    count = 0
    for leaf in params.values():
        count += leaf.nelement()
    return count


equivalent(
    "init_params",
    "keys = random.split(key, 4) -> keys = random.split(key, 5)",
    "a key more than is used changes none of the others",
)
