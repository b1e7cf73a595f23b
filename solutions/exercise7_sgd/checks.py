"""How exercise 7 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch
from torch.nn import functional

from checker.spec import check, detached, labels, number, one_of, params, seen_by, tensor

THE_ANSWERS = [
    *(f"xorfunc.optim.{name}" for name in ("sgd_update", "momentum_init", "momentum_update")),
    *(f"xorfunc.optim.{name}" for name in ("sgd", "momentum", "adam", "adamw", "apply_updates")),
    *(f"xorfunc.train.{name}" for name in ("train_step", "module_step", "optimizer_step")),
    # an epoch of one batch is a step, and so is that of an ensemble of one
    *(f"xorfunc.train.{name}" for name in ("train_epoch", "fit", "train_module")),
    *(f"xorfunc.step.{name}" for name in ("flat_meaning", "flat_step")),
    *(f"xorfunc.ensemble.{name}" for name in ("ensemble_step", "fit_ensemble")),
]

LAYER = {"weight": "H D", "bias": "H", "scale": ""}


def whatever_the_order(answer, params, grads, lr):
    """Goes by the names in a dict, not by their order"""
    grads = dict(reversed(grads.items()))
    return answer.sgd_update(params, grads, lr)


check(
    "sgd_update",
    params=params(LAYER),
    grads=params(LAYER),
    lr=number(0.125, 0.5),
    laws=[seen_by(whatever_the_order, count=3), detached("params", "grads")],
    off_limits=THE_ANSWERS,
    hints=[
        "A dict comprehension over params.items() gives the new dict: name by name, p - lr * g.",
        "Take g by its name, grads[name]; an operator with `=`, such as `-=`, would change the caller's tensor.",
        "Do it inside `with torch.no_grad():`, so that the result does not require grad even where params do.",
    ],
)


# Losses of parameters {"w": [D], "b": []} on inputs [N, D] and labels [N].


def squared_error(params, x, y):
    return (x @ params["w"] + params["b"] - y).square().mean()


def logistic_loss(params, x, y):
    s = x @ params["w"] + params["b"]
    return (functional.softplus(s) - y * s).mean()


def without_bias(params, x, y):
    return (x @ params["w"] - y).square().mean()


def one_parameter_more(answer, loss_fn, params, x, y, lr):
    """Gives back every parameter, one that the loss never reads as well"""
    params = {**params, "unread": x.clone()}
    return answer.train_step(loss_fn, params, x, y, lr)


def with_a_grad(p):
    p.requires_grad_().grad = torch.ones_like(p)
    return p


def grads_of_the_caller(answer, loss_fn, params, x, y, lr):
    """Leaves alone what the caller's parameters have in `.grad`, and is not misled by it"""
    params = {name: with_a_grad(p) for name, p in params.items()}
    result = answer.train_step(loss_fn, params, x, y, lr)
    return {"the result": result, "the caller's .grad": {name: p.grad for name, p in params.items()}}


check(
    "train_step",
    loss_fn=one_of(squared_error, logistic_loss, without_bias),
    params=params({"w": "D", "b": ""}),
    x=tensor("N D", low=-2, high=2),
    y=labels("N") | tensor("N"),
    lr=number(0.125, 0.5),
    laws=[seen_by(one_parameter_more, count=3), seen_by(grads_of_the_caller, count=3), detached("params")],
    off_limits=THE_ANSWERS,
    hints=[
        "Value and gradient come together from torch.func.grad_and_value(loss_fn), in which order?",
        "grads, loss = grad_and_value(loss_fn)(params, x, y). Your sgd_update does the rest.",
        "Where params require grad the loss does too: give back loss.detach().",
    ],
)

check(
    "momentum_init",
    params=params(LAYER),
    laws=[detached("params")],
    off_limits=THE_ANSWERS,
    hints=[
        "A dict with the same names; each entry is made of zeros, with shape, dtype and device of the parameter.",
        "torch.zeros_like(p) takes all three from p.",
    ],
)


def in_three_orders(answer, params, grads, velocity, lr, momentum):
    """Goes by the names in a dict, not by their order"""
    grads = {name: grads[name] for name in sorted(grads)}
    velocity = {name: velocity[name] for name in sorted(velocity, reverse=True)}
    return answer.momentum_update(params, grads, velocity, lr, momentum)


check(
    "momentum_update",
    params=params(LAYER),
    grads=params(LAYER),
    velocity=params(LAYER),
    lr=number(0.125, 0.5),
    momentum=number(0.25, 0.75),
    laws=[seen_by(in_three_orders, count=3), detached("params", "grads", "velocity")],
    off_limits=THE_ANSWERS,
    hints=[
        "Two lines, one a dict: the new velocity first, then the new parameters by means of it.",
        "{name: momentum * v + grads[name] for name, v in velocity.items()} is the new velocity. What multiplies lr?",
        "The step itself is your sgd_update, with the new velocity in the place of the gradient.",
    ],
)


# A module, optimizers for it, and losses of logits [N] and labels [N].


class Line(torch.nn.Module):
    def forward(self, x):
        s = x @ self.weight.T + self.bias
        return s if self.training else s / 2  # evaluation mode shows


def line(params):
    module = Line()
    for name, value in params.items():
        module.register_parameter(name, torch.nn.Parameter(value.detach().clone()))
    return module


def with_leftovers(module):
    for p in module.parameters():
        p.grad = torch.ones_like(p)
    return module


def plain(parameters):
    return torch.optim.SGD(parameters, lr=0.0625)


def with_momentum(parameters):
    return torch.optim.SGD(parameters, lr=0.0625, momentum=0.5)


def mean_square(s, y):
    return (s - y).square().mean()


def cross_entropy(s, y):
    return functional.binary_cross_entropy_with_logits(s, y.to(s.dtype))


def one_step(answer, params, make_optimizer, loss_fn, x, y):
    module = line(params)
    optimizer = make_optimizer(module.parameters())
    loss = answer.module_step(module, optimizer, loss_fn, x, y)
    return {"the loss": loss, **dict(module.named_parameters())}


def leftovers(answer, params, make_optimizer, loss_fn, x, y):
    """Takes its step by this loss alone, whatever the parameters hold in `.grad` from before"""
    module = with_leftovers(line(params))
    optimizer = make_optimizer(module.parameters())
    loss = answer.module_step(module, optimizer, loss_fn, x, y)
    return {"the loss": loss, **dict(module.named_parameters())}


def a_single_example(answer, params, make_optimizer, loss_fn, x, y):
    """Gives the loss function logits [N], also where N is 1"""
    module = line(params)
    optimizer = make_optimizer(module.parameters())
    shapes = []
    noted = lambda s, y: shapes.append(list(s.shape)) or loss_fn(s, y)  # noqa: E731
    answer.module_step(module, optimizer, noted, x[:1], y[:1])
    return {"the shape of the logits": str(shapes[-1])}


def three_steps(answer, params, make_optimizer, loss_fn, x, y):
    """Can be called again and again: the optimizer remembers, and the module keeps its Parameter objects"""
    module = line(params)
    optimizer = make_optimizer(module.parameters())
    weight = module.weight
    losses = [answer.module_step(module, optimizer, loss_fn, x, y) for _ in range(3)]
    kept = "the same object" if module.weight is weight else "another object"
    return {"the losses": losses, **dict(module.named_parameters()), "module.weight": kept}


check(
    "module_step",
    params=params({"weight": "1 D", "bias": "1"}),
    make_optimizer=one_of(plain, with_momentum),
    loss_fn=one_of(mean_square, cross_entropy),
    x=tensor("N D", low=-2, high=2),
    y=labels("N") | tensor("N"),
    trial=one_step,
    laws=[seen_by(a_single_example, count=4), seen_by(leftovers), seen_by(three_steps, count=10)],
    off_limits=THE_ANSWERS,
    hints=[
        "The five steps in their order: optimizer.zero_grad(), module(x), loss_fn(...), loss.backward(), ...",
        "module(x) is [N, 1]; squeeze(-1) takes away the last dimension, and no other, also where N is 1.",
        "loss.item() is the Python float of a loss tensor; optimizer.step() does not change it any more.",
    ],
)
