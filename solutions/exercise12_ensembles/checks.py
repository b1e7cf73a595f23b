"""How exercise 12 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch
from torch import nn
from torch.nn import functional

from checker.spec import (
    check,
    detached,
    differentiates,
    key,
    labels,
    number,
    one_of,
    params,
    seen_by,
    size,
    tensor,
)
from xorfunc import random

THE_ANSWERS = [
    f"xorfunc.ensemble.{name}"
    for name in (
        *("init_ensemble", "ensemble_logits", "ensemble_step", "ensemble_probability", "stack_modules"),
        "fit_ensemble",  # an epoch of one batch is a step
    )
]

# Ways to draw the parameters of one member.


def draw_network(key):
    hidden, output = random.split(key)
    return {"linear_h.weight": random.uniform(hidden, (4, 2), -1, 1), "linear_s.weight": random.normal(output, (1, 4))}


def draw_line(key):
    slope, level = random.split(key)
    return {"slope": random.normal(slope, (3,)), "level": random.normal(level)}


check(
    "init_ensemble",
    key=key(),
    init_fn=one_of(draw_line, draw_network),
    num_members=size("K"),
    laws=[detached()],
    off_limits=THE_ANSWERS,
    hints=[
        "First make all keys: split(key, num_members) is [K, 2], one key a row.",
        "init_fn takes one key and gives one dict. Which function of torch.func maps it over the rows of all keys?",
        "vmap(init_fn)(keys): vmap stacks what comes out in dicts, with the members first.",
    ],
)

# Members with parameters {"w": [D], "b": []}, their logits and their losses.

MEMBERS = {"w": "K D", "b": "K"}


def bent(params, x):
    return torch.tanh(x @ params["w"]) + params["b"]


def wavy(params, x):
    return torch.cos(x @ params["w"]) * params["b"]


check(
    "ensemble_logits",
    logits_fn=one_of(bent, wavy),
    params=params(MEMBERS),
    x=tensor("N D"),
    least={"N": 0},
    laws=[differentiates("params", "x")],
    off_limits=THE_ANSWERS,
    hints=[
        "logits_fn knows one member. Which of its two arguments has a member axis, and which do all members share?",
        "vmap takes in_dims: one entry an argument, the axis to map over, or None. An entry stands for a whole dict.",
        "vmap(logits_fn, in_dims=(0, None))(params, x)",
    ],
)


def logistic_loss(params, x, y):
    s = bent(params, x)
    return (functional.softplus(s) - y * s).mean()


def loss_without_b(params, x, y):
    return (torch.cos(x @ params["w"]) - y).square().mean()


check(
    "ensemble_step",
    loss_fn=one_of(logistic_loss, loss_without_b),
    params=params(MEMBERS),
    x=tensor("N D"),
    y=labels("N"),
    lr=number(0.25, 1.25),
    laws=[detached("params")],
    off_limits=THE_ANSWERS,
    hints=[
        "Write the step of one member first. train_step of exercise 7 is that step, and it gives what is asked for.",
        "A function of the member alone, with x, y and lr from around it, is all that vmap has to map.",
        "vmap(lambda member: train_step(loss_fn, member, x, y, lr))(params)",
    ],
)

check(
    "ensemble_probability",
    logits_fn=one_of(bent, wavy),
    params=params(MEMBERS),
    x=tensor("N D"),
    least={"N": 0},
    laws=[differentiates("params", "x")],
    off_limits=THE_ANSWERS,
    hints=[
        "You have the logits of all members, [K, N]. What is the probability of one member for one example?",
        "sigmoid makes probabilities of logits. Take the mean after it, and over the axis of the members.",
        "torch.sigmoid(ensemble_logits(logits_fn, params, x)).mean(dim=0)",
    ],
)

# Modules to stack.


class Member(nn.Module):
    """A module with a frozen parameter, a module inside, and a buffer."""

    def __init__(self, w, b):
        super().__init__()
        self.inner = nn.Module()
        self.inner.w = nn.Parameter(w.clone())
        self.b = nn.Parameter(b.clone(), requires_grad=False)
        self.register_buffer("count", b + 1)


def stack_them(answer, params):
    modules = [Member(w, b) for w, b in zip(params["w"], params["b"], strict=True)]
    return answer.stack_modules(modules)


def keeps_its_values(answer, params):
    """Gives copies, which do not follow when the modules are trained later"""
    modules = [Member(w, b) for w, b in zip(params["w"], params["b"], strict=True)]
    result = answer.stack_modules(modules)
    with torch.no_grad():
        for module in modules:
            module.inner.w += 1
    return result


def leaves_the_modules_alone(answer, params):
    """Leaves the modules as they were"""
    modules = [Member(w, b) for w, b in zip(params["w"], params["b"], strict=True)]
    before = [dict(module.named_parameters()) for module in modules]
    answer.stack_modules(modules)
    after = [dict(module.named_parameters()) for module in modules]
    return {
        "the parameters": after,
        "the same objects": [[old[name] is now[name] for name in now] for old, now in zip(before, after, strict=True)],
        "requires_grad": [{name: leaf.requires_grad for name, leaf in now.items()} for now in after],
        "with a .grad": [name for now in after for name, leaf in now.items() if leaf.grad is not None],
        "the mode": [module.training for module in modules],
        "the buffers": [dict(module.named_buffers()) for module in modules],
    }


check(
    "stack_modules",
    params=params({"w": "K H D", "b": "K"}),
    trial=stack_them,
    laws=[detached(), seen_by(keeps_its_values, count=3), seen_by(leaves_the_modules_alone, count=3)],
    off_limits=THE_ANSWERS,
    hints=[
        "Make a dict of each module first. module_to_params of exercise 10 does that.",
        "All dicts have the same names. For each name, torch.stack makes [K, *shape] of a list of K tensors.",
        "With the dicts in `members`: {name: torch.stack([each[name] for each in members]) for name in members[0]}",
    ],
)
