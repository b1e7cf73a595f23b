"""Wrong answers to exercise 5 that students give, each with the sentence that helps."""

import math

import torch
from torch import nn
from torch.func import functional_call

from checker.spec import misconception
from xorfunc import random


def _draw(key, num_inputs, num_hidden, num_outputs, h, s, h_bias=None, s_bias=None):
    a, b, c, d = random.split(key, 4)
    h_bias, s_bias = h if h_bias is None else h_bias, s if s_bias is None else s_bias
    return {
        "linear_h.weight": random.uniform(a, (num_hidden, num_inputs), -h, h),
        "linear_h.bias": random.uniform(b, (num_hidden,), -h_bias, h_bias),
        "linear_s.weight": random.uniform(c, (num_outputs, num_hidden), -s, s),
        "linear_s.bias": random.uniform(d, (num_outputs,), -s_bias, s_bias),
    }


@misconception("init_params", "All zeros: all hidden units then get the same gradient, and stay equal for ever.")
def all_zeros(key, num_inputs, num_hidden, num_outputs):
    return _draw(key, num_inputs, num_hidden, num_outputs, 0.0, 0.0)


@misconception(
    "init_params",
    "One key is used for every leaf, so that they hold the same numbers: random.split(key, 4) makes four.",
)
def one_key_for_all(key, num_inputs, num_hidden, num_outputs):
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    return {
        "linear_h.weight": random.uniform(key, (num_hidden, num_inputs), -h, h),
        "linear_h.bias": random.uniform(key, (num_hidden,), -h, h),
        "linear_s.weight": random.uniform(key, (num_outputs, num_hidden), -s, s),
        "linear_s.bias": random.uniform(key, (num_outputs,), -s, s),
    }


@misconception("init_params", "The biases are zero here: they are drawn as the weights are, from the same bounds.")
def biases_of_zero(key, num_inputs, num_hidden, num_outputs):
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    return _draw(key, num_inputs, num_hidden, num_outputs, h, s, 0.0, 0.0)


@misconception("init_params", "The bound is 1/fan_in here: the square root is missing.")
def bound_without_root(key, num_inputs, num_hidden, num_outputs):
    return _draw(key, num_inputs, num_hidden, num_outputs, 1 / num_inputs, 1 / num_hidden)


@misconception(
    "init_params", "The bound comes from fan_out here: count what goes into a unit, not how many units there are."
)
def bound_of_fan_out(key, num_inputs, num_hidden, num_outputs):
    return _draw(key, num_inputs, num_hidden, num_outputs, 1 / math.sqrt(num_hidden), 1 / math.sqrt(num_outputs))


@misconception("init_params", "Both layers have the bound of the first: the second one's fan_in is num_hidden.")
def one_bound_for_both(key, num_inputs, num_hidden, num_outputs):
    bound = 1 / math.sqrt(num_inputs)
    return _draw(key, num_inputs, num_hidden, num_outputs, bound, bound)


@misconception("init_params", "Normal numbers have no bounds: uniform ones between -1/sqrt(fan_in) and 1/sqrt(fan_in).")
def normal_numbers(key, num_inputs, num_hidden, num_outputs):
    a, b, c, d = random.split(key, 4)
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    return {
        "linear_h.weight": h * random.normal(a, (num_hidden, num_inputs)),
        "linear_h.bias": h * random.normal(b, (num_hidden,)),
        "linear_s.weight": s * random.normal(c, (num_outputs, num_hidden)),
        "linear_s.bias": s * random.normal(d, (num_outputs,)),
    }


@misconception("init_params", "These start at 0: half of the numbers must be negative, from -1/sqrt(fan_in) on.")
def positive_only(key, num_inputs, num_hidden, num_outputs):
    a, b, c, d = random.split(key, 4)
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    return {
        "linear_h.weight": random.uniform(a, (num_hidden, num_inputs), 0, h),
        "linear_h.bias": random.uniform(b, (num_hidden,), 0, h),
        "linear_s.weight": random.uniform(c, (num_outputs, num_hidden), 0, s),
        "linear_s.bias": random.uniform(d, (num_outputs,), 0, s),
    }


@misconception("init_params", "Weights are [D, H] and [H, O] here; PyTorch has a row for each unit: [H, D] and [O, H].")
def weights_transposed(key, num_inputs, num_hidden, num_outputs):
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    params = _draw(key, num_inputs, num_hidden, num_outputs, h, s)
    return {name: leaf.T.contiguous() if leaf.ndim == 2 else leaf for name, leaf in params.items()}


@misconception(
    "init_params", "The numbers come from PyTorch's global random state: draw with the key, and the same key repeats."
)
def without_the_key(key, num_inputs, num_hidden, num_outputs):
    h, s = nn.Linear(num_inputs, num_hidden), nn.Linear(num_hidden, num_outputs)
    params = {
        "linear_h.weight": h.weight,
        "linear_h.bias": h.bias,
        "linear_s.weight": s.weight,
        "linear_s.bias": s.bias,
    }
    return {name: leaf.detach().to(key.device) for name, leaf in params.items()}


@misconception(
    "init_params", "The parameters require grad: in this style `grad` finds the gradient, and they are plain tensors."
)
def requiring_grad(key, num_inputs, num_hidden, num_outputs):
    h, s = 1 / math.sqrt(num_inputs), 1 / math.sqrt(num_hidden)
    params = _draw(key, num_inputs, num_hidden, num_outputs, h, s)
    return {name: leaf.requires_grad_() for name, leaf in params.items()}


@misconception("affine", "`x @ weight` wants weight as [D, H]; it is [H, D], a row for each unit: transpose it.")
def weight_not_transposed(weight, bias, x):
    return x @ weight + bias


@misconception("affine", "The bias is missing: W x + b.")
def without_bias(weight, bias, x):
    return x @ weight.T


@misconception("affine", "The bias is subtracted: W x + b.")
def bias_subtracted(weight, bias, x):
    return x @ weight.T - bias


@misconception("affine", "This is W (x + b), or it cannot be computed: the bias belongs to the H units, not to x.")
def bias_before_the_weight(weight, bias, x):
    return (x + bias) @ weight.T


@misconception("affine", "W @ x works for a single x only: x @ weight.T keeps all axes of a batch.")
def one_point_only(weight, bias, x):
    return weight @ x + bias


@misconception("affine", "A tanh belongs into `logits`: an affine function has no activation.")
def activated(weight, bias, x):
    return torch.tanh(x @ weight.T + bias)


def _layer(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


@misconception("logits", "A sigmoid turns the logit into a probability: leave it to the losses of the next exercise.")
def sigmoid_in_the_model(params, x):
    return torch.sigmoid(_layer(params, "linear_s", torch.tanh(_layer(params, "linear_h", x))))


@misconception("logits", "Without the tanh two affine functions are one, and no line parts the classes of XOR.")
def without_activation(params, x):
    return _layer(params, "linear_s", _layer(params, "linear_h", x))


@misconception("logits", "The hidden units have a sigmoid here: h = tanh(...).")
def sigmoid_units(params, x):
    return _layer(params, "linear_s", torch.sigmoid(_layer(params, "linear_h", x)))


@misconception("logits", "The hidden units have a relu here: h = tanh(...).")
def relu_units(params, x):
    return _layer(params, "linear_s", torch.relu(_layer(params, "linear_h", x)))


@misconception("logits", "A tanh is put on the logits too: s is affine in h, and any number.")
def tanh_on_the_logits(params, x):
    return torch.tanh(_layer(params, "linear_s", torch.tanh(_layer(params, "linear_h", x))))


@misconception("logits", "The biases are left out: both layers are affine, W x + b.")
def without_biases(params, x):
    return torch.tanh(x @ params["linear_h.weight"].T) @ params["linear_s.weight"].T


@misconception("logits", "The last axis is gone: [..., O] is asked for, also where O is 1.")
def last_axis_squeezed(params, x):
    return _layer(params, "linear_s", torch.tanh(_layer(params, "linear_h", x))).squeeze(-1)


@misconception(
    "logits", "The parameters are taken by their place in the dict: take them by name, whatever their order."
)
def by_position(params, x):
    w_h, b_h, w_s, b_s = params.values()
    return nn.functional.linear(torch.tanh(nn.functional.linear(x, w_h, b_h)), w_s, b_s)


class _Layers(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        super().__init__()
        self.linear_h = nn.Linear(num_inputs, num_hidden)
        self.linear_s = nn.Linear(num_hidden, num_outputs)


@misconception("LogitPredictor", "A sigmoid turns the logit into a probability: leave it to the losses.")
class SigmoidAtTheEnd(_Layers):
    def forward(self, x):
        return torch.sigmoid(self.linear_s(torch.tanh(self.linear_h(x))))


@misconception("LogitPredictor", "Without the tanh two affine functions are one, and no line parts the classes of XOR.")
class WithoutActivation(_Layers):
    def forward(self, x):
        return self.linear_s(self.linear_h(x))


@misconception("LogitPredictor", "The hidden units have a relu here: the formula has tanh.")
class ReluUnits(_Layers):
    def forward(self, x):
        return self.linear_s(torch.relu(self.linear_h(x)))


@misconception("LogitPredictor", "The layers have other names: they must be `linear_h` and `linear_s`, as in params.")
class OtherNames(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden)
        self.output = nn.Linear(num_hidden, num_outputs)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


@misconception("LogitPredictor", "super().__init__() comes first: only then can a module take in its submodules.")
class WithoutSuper(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        self.linear_h = nn.Linear(num_inputs, num_hidden)
        self.linear_s = nn.Linear(num_hidden, num_outputs)

    def forward(self, x):
        return self.linear_s(torch.tanh(self.linear_h(x)))


@misconception("LogitPredictor", "The layers lie in a list, which a module does not look into: make them attributes.")
class LayersInAList(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_outputs):
        super().__init__()
        self.layers = [nn.Linear(num_inputs, num_hidden), nn.Linear(num_hidden, num_outputs)]

    def forward(self, x):
        return self.layers[1](torch.tanh(self.layers[0](x)))


@misconception("LogitPredictor", "The last axis is gone: [..., O] is asked for, also where O is 1.")
class LastAxisSqueezed(_Layers):
    def forward(self, x):
        return self.linear_s(torch.tanh(self.linear_h(x))).squeeze(-1)


@misconception("LogitPredictor", "no_grad in forward cuts the graph: no parameter of the module gets a gradient.")
class WithoutGraph(_Layers):
    @torch.no_grad()
    def forward(self, x):
        return self.linear_s(torch.tanh(self.linear_h(x)))


@misconception(
    "functional_logits",
    "By default functional_call takes the module's own weight for a missing name, silently: say strict=True.",
)
def not_strict(module, params, x):
    return functional_call(module, params, (x,))


@misconception("functional_logits", "The module's own parameters answer here: `params` must take their place.")
def own_parameters(module, params, x):
    return module(x)


@misconception(
    "functional_logits", "load_state_dict overwrites the module's parameters: functional_call leaves them alone."
)
def loaded_into_the_module(module, params, x):
    module.load_state_dict(params)
    return module(x)


@misconception("functional_logits", "Loading copies the numbers and leaves the graph: no gradient reaches `params`.")
def loaded_and_put_back(module, params, x):
    before = {name: leaf.detach().clone() for name, leaf in module.state_dict().items()}
    module.load_state_dict(params)
    result = module(x).detach()
    module.load_state_dict(before)
    return result


@misconception("functional_logits", "This is the network of this course: any module must be run, by functional_call.")
def always_the_same_network(module, params, x):
    h = torch.tanh(x @ params["linear_h.weight"].T + params["linear_h.bias"])
    return h @ params["linear_s.weight"].T + params["linear_s.bias"]


@misconception("count_parameters", "These are the leaves of the dict: count the entries of each, with numel().")
def number_of_leaves(params):
    return len(params)


@misconception("count_parameters", "len of a tensor is the size of its first axis: numel() counts all entries.")
def first_sizes(params):
    return sum(len(leaf) if leaf.ndim else 1 for leaf in params.values())


@misconception("count_parameters", "Only the weights are counted: biases, and all other leaves, are parameters too.")
def weights_only(params):
    return sum(leaf.numel() for name, leaf in params.items() if name.endswith("weight"))


@misconception("count_parameters", "This is the sum of the sizes; the number of entries is their product.")
def sum_of_sizes(params):
    return sum(sum(leaf.shape) for leaf in params.values())


@misconception("count_parameters", "A tensor comes back: an int is asked for, as numel() gives.")
def as_a_tensor(params):
    return torch.tensor(sum(leaf.numel() for leaf in params.values()))
