"""How exercise 5 is checked: the inputs of each function, what must hold of it, and its hints.

Initial parameters are judged by what any right draw has: its bounds, how it is spread, and that no two parts of it are
the same numbers. Bounds of statistics are six standard deviations wide, so that no right draw fails by chance.
"""

import math

import torch
from torch import nn

from checker.spec import (
    Tolerance,
    check,
    detached,
    deterministic_in_key,
    differentiates,
    key,
    number,
    one_of,
    params,
    satisfies,
    seen_by,
    size,
    tensor,
)

THE_ANSWERS = [
    f"xorfunc.model.{name}"
    for name in (
        *("init_params", "affine", "logits", "LogitPredictor", "functional_logits", "count_parameters"),
        *("LogitPredictor.__init__", "LogitPredictor.forward"),  # `nn.Module.__subclasses__()` has the class as well
    )
]
"""For each function all of them: the network is also its module, on given parameters."""

# Initial parameters


def units_of_bounds(params, num_inputs, num_hidden):
    """The leaves, divided by 1/sqrt(fan_in) of their layer: every entry should be uniform between -1 and 1."""
    bounds = {"linear_h": 1 / math.sqrt(num_inputs), "linear_s": 1 / math.sqrt(num_hidden)}
    return {name: leaf.detach().double() / bounds[name.partition(".")[0]] for name, leaf in params.items()}


def stays_within_bounds(params, key, num_inputs, num_hidden, num_outputs):
    """Draws every entry between -1/sqrt(fan_in) and 1/sqrt(fan_in) of its layer"""
    for name, leaf in units_of_bounds(params, num_inputs, num_hidden).items():
        if float(leaf.abs().max()) > 1 + 1e-6:
            return f"{name} has entries beyond 1/sqrt(fan_in) = {leaf.abs().max():.3f} times too large"
    return None


def is_spread_evenly(params, key, num_inputs, num_hidden, num_outputs):
    """Draws uniformly over all of -1/sqrt(fan_in) to 1/sqrt(fan_in)"""
    for name, leaf in units_of_bounds(params, num_inputs, num_hidden).items():
        entries = leaf.flatten().sort().values
        steps = torch.arange(len(entries), dtype=entries.dtype, device=entries.device)
        expected = (entries.clamp(-1, 1) + 1) / 2  # the uniform distribution function
        gap = max(float((expected - steps / len(entries)).max()), float(((steps + 1) / len(entries) - expected).max()))
        # Dvoretzky, Kiefer and Wolfowitz: a larger gap has a chance of 2e-9, as six standard deviations have.
        if gap > math.sqrt(math.log(1e9) / (2 * len(entries))):
            inside = float((entries.abs() < 0.9).double().mean())
            how = "too close to zero" if inside > 0.95 else "on one side of zero" if abs(entries.mean()) > 0.3 else ""
            return f"{name} is not uniform between its bounds{how and f', but {how}'}"
    return None


def has_no_copies(params, key, num_inputs, num_hidden, num_outputs):
    """Draws each leaf and each unit by itself, with no numbers used twice"""
    leaves = units_of_bounds(params, num_inputs, num_hidden)
    flat = {name: leaf.flatten() for name, leaf in leaves.items()}
    for name, leaf in flat.items():
        for other in flat:
            least = min(len(leaf), len(flat[other]))
            if name < other and torch.allclose(leaf[:least], flat[other][:least], atol=1e-5):
                return f"{other} and {name} hold the same random numbers: each leaf needs a key of its own"
    for name in ("linear_h.weight", "linear_s.weight"):
        for rows, what in ((leaves[name], "units"), (leaves[name].T, "inputs")):
            if torch.allclose(rows[0], rows[1], atol=1e-5):
                return f"{name} holds the same numbers for different {what}"
    return None


check(
    "init_params",
    key=key(),
    num_inputs=size("D"),
    num_hidden=size("H"),
    num_outputs=size("O"),
    values=False,
    laws=[
        satisfies(stays_within_bounds),
        satisfies(has_no_copies, D=6, H=7, O=8),
        satisfies(is_spread_evenly, count=3, D=16, H=400, O=200),
        deterministic_in_key(D=5, H=4, O=3),
        detached(),
    ],
    off_limits=THE_ANSWERS,
    hints=[
        "Four leaves, four shapes, four keys: random.split(key, 4) makes the keys.",
        "random.uniform(key, shape, -bound, bound) with bound = 1 / math.sqrt(fan_in): num_inputs for the first layer.",
        "The second layer takes in the hidden units, so that its fan_in is num_hidden, for its bias as well.",
    ],
)

# The network as a function

NETWORK = {"linear_h.weight": "H D", "linear_h.bias": "H", "linear_s.weight": "O H", "linear_s.bias": "O"}

check(
    "affine",
    weight=tensor("H D"),
    bias=tensor("H"),
    x=tensor("... D"),
    laws=[differentiates("weight", "bias", "x")],
    off_limits=THE_ANSWERS,
    hints=[
        "The last axis of x is the one that is multiplied away. Which axis of weight goes with it?",
        "weight is [H, D] and x is [..., D]: x @ weight.T is [..., H], and the bias is added to each row.",
    ],
)

check(
    "logits",
    params=params(NETWORK),
    x=tensor("... D"),
    tolerances={torch.float32: Tolerance(1e-4, absolute=2e-5)},  # a tanh written with exp loses digits far out
    laws=[differentiates("params", "x")],
    off_limits=THE_ANSWERS,
    hints=[
        "Write the two lines of the formula: first h, then s. You have `affine`.",
        'h = torch.tanh(affine(params["linear_h.weight"], params["linear_h.bias"], x))',
        "s is affine in h, with the parameters of linear_s, and nothing comes after it.",
    ],
)

# The network as a module


def predict_with(answer, params, x):
    hidden, inputs = params["linear_h.weight"].shape
    with torch.random.fork_rng(devices=[]):
        module = answer.LogitPredictor(inputs, hidden, len(params["linear_s.bias"])).to(x)
    module.load_state_dict(params)
    return module(x)


def has_the_names_and_shapes(answer, params, x):
    """Has the parameters of `linear_h` and `linear_s`, in float32, and all of them are trained"""
    hidden, inputs = params["linear_h.weight"].shape
    module = answer.LogitPredictor(inputs, hidden, len(params["linear_s.bias"]))
    shapes = {name: tuple(leaf.shape) for name, leaf in module.state_dict().items()}
    trained = {name: leaf.requires_grad for name, leaf in module.named_parameters()}
    return {
        "an nn.Module": isinstance(module, torch.nn.Module),
        "shapes": shapes,
        "requires_grad": trained,
        "dtypes": {name: leaf.dtype for name, leaf in module.state_dict().items()},
    }


def can_be_trained(answer, params, x):
    """Lets gradients through to all of its parameters"""
    hidden, inputs = params["linear_h.weight"].shape
    module = answer.LogitPredictor(inputs, hidden, len(params["linear_s.bias"])).to(x)
    module.load_state_dict(params)
    module(x).square().sum().backward()
    return {name: leaf.grad for name, leaf in module.named_parameters()}


check(
    "LogitPredictor",
    params=params(NETWORK),
    x=tensor("... D"),
    trial=predict_with,
    laws=[seen_by(has_the_names_and_shapes, count=3), seen_by(can_be_trained, count=3)],
    off_limits=THE_ANSWERS,
    hints=[
        "__init__ calls super().__init__() first, then makes two nn.Linear as attributes. Their names count.",
        "self.linear_h = nn.Linear(num_inputs, num_hidden), and self.linear_s from num_hidden to num_outputs.",
        "forward(x): self.linear_s(torch.tanh(self.linear_h(x))).",
    ],
)


class Network(nn.Module):
    """A network whose own parameters are all `fill`."""

    def __init__(self, params, fill):
        super().__init__()
        self.linear_h, self.linear_s = nn.Module(), nn.Module()
        for name, leaf in params.items():
            layer, _, part = name.partition(".")
            setattr(getattr(self, layer), part, nn.Parameter(torch.full_like(leaf, fill)))

    def forward(self, x):
        h = torch.tanh(x @ self.linear_h.weight.T + self.linear_h.bias)
        return h @ self.linear_s.weight.T + self.linear_s.bias


class Straight(Network):
    """The same parameters in another network."""

    def forward(self, x):
        return super().forward(x) + (x @ self.linear_h.weight.T) @ self.linear_s.weight.T


def run_with(answer, network, params, fill, x):
    module = network(params, fill)
    return answer.functional_logits(module, params, x)


def leaves_the_module_alone(answer, network, params, fill, x):
    """Leaves the module as it was"""
    module = network(params, fill)
    own = dict(module.named_parameters())
    result = answer.functional_logits(module, params, x)
    same = all(leaf is own[name] for name, leaf in module.named_parameters())
    grads = [name for name, leaf in module.named_parameters() if leaf.grad is not None]
    return {
        "the result": result,
        "its parameters": dict(module.named_parameters()),
        "the same objects": same,
        "with a .grad": grads,
        "its mode": module.training,
    }


def outcome(function, *args):
    try:
        function(*args)
    except Exception:
        return "an error"
    return "an answer"


def insists_on_all_names(answer, network, params, fill, x):
    """Raises an error when a name is missing or is not the module's"""
    module = network(params, fill)
    without = {name: [part for part in params if part != name] for name in params}
    return {
        **{
            f"without {name}": outcome(answer.functional_logits, module, {part: params[part] for part in rest}, x)
            for name, rest in without.items()
        },
        "with one name more": outcome(answer.functional_logits, module, {**params, "linear_t.bias": x}, x),
        "with all names": outcome(answer.functional_logits, module, params, x),
    }


check(
    "functional_logits",
    network=one_of(Network, Straight),
    params=params(NETWORK),
    fill=number(-1, 1),
    x=tensor("... D"),
    trial=run_with,
    laws=[
        seen_by(leaves_the_module_alone, count=3),
        seen_by(insists_on_all_names, count=4),
        differentiates("params", "x"),
    ],
    off_limits=THE_ANSWERS,
    hints=[
        "torch.func has a function for this: it takes the module, a dict and the arguments, and changes nothing.",
        "functional_call(module, params, (x,)) is nearly right. What does it do when a name is missing?",
        "Its argument `strict` decides: with strict=True missing and unexpected names raise.",
    ],
)

check(
    "count_parameters",
    params=params({"weight": "H D", "bias": "H", "scale": ""}) | params(NETWORK) | params({"kernel": "H D E"}),
    off_limits=THE_ANSWERS,
    hints=[
        "A tensor knows how many entries it has, whatever its shape.",
        "sum(leaf.numel() for leaf in params.values())",
    ],
)
