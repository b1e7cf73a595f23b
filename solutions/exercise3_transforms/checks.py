"""How exercise 3 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch

from checker.spec import check, differentiates, labels, memory_linear_in, one_of, params, seen_by, tensor, vmaps

ANSWERS = [f"xorfunc.transforms.{name}" for name in ("value_and_grad", "per_example_gradients", "jacobian", "hvp")]


def apart(w, x):
    """Whether all points differ from w: where one does not, its distance has no gradient."""
    return bool((w != x).any(dim=-1).all())


check(
    "distance_gradient",
    w=tensor("D"),
    x=tensor("D"),
    where=apart,
    laws=[vmaps(x=0)],
    off_limits=ANSWERS,
    hints=[
        "`grad` takes a function and gives a function. Which of its arguments does the gradient go with?",
        "grad(f) differentiates with respect to the first argument of f, and takes the same arguments as f.",
        "grad(distance)(w, x)",
    ],
)


# Functions to differentiate: of a tensor or of a dict of tensors, and of one more argument.


def energy(params, x):
    leaves = [params] if isinstance(params, torch.Tensor) else [params[name] for name in sorted(params)]
    return sum((x.sum() * leaf**2 + (place + 1) * leaf).sum() for place, leaf in enumerate(leaves))


def softplus_loss(params, x):
    leaves = [params] if isinstance(params, torch.Tensor) else [params[name] for name in sorted(params)]
    return torch.nn.functional.softplus(sum(leaf.sum() * x.sum() for leaf in leaves)) + x.square().sum()


def build_then_call(answer, f, params, x):
    function = answer.value_and_grad(f)
    return function(params, x)


def any_number_of_arguments(answer, f, params, x):
    """Hands on all further arguments, however many `f` takes"""
    none = answer.value_and_grad(lambda params: f(params, x))
    two = answer.value_and_grad(lambda params, left, right: f(params, left * right))
    return {"with no other argument": none(params), "with two other arguments": two(params, x, x)}


check(
    "value_and_grad",
    f=one_of(energy, softplus_loss),
    params=tensor("D") | params({"w": "H D", "b": "H"}),
    x=tensor("N"),
    trial=build_then_call,
    laws=[seen_by(any_number_of_arguments)],
    off_limits=ANSWERS,
    hints=[
        "torch.func.grad_and_value does nearly this. What does it return, and in which order?",
        "Write a function inside yours that takes (params, *args), calls grad_and_value(f) and swaps the two.",
        "grads, value = grad_and_value(f)(params, *args), then return value, grads.",
    ],
)

check(
    "batched_distance",
    w=tensor("D"),
    xs=tensor("N D"),
    where=apart,
    least={"N": 0},
    laws=[differentiates("w", "xs")],
    off_limits=ANSWERS,
    hints=[
        "`vmap` takes a function of one point and gives a function of many. Which argument has the many?",
        "in_dims has one entry an argument: the axis to map over, or None for an argument that all share.",
        "vmap(distance, in_dims=(None, 0))(w, xs)",
    ],
)


# Losses of one example, for parameters {"w": [D], "b": []}, and an x and a y of any rank.


def squared_error(params, x, y):
    return (((params["w"] * x).sum() + params["b"]) - y.sum()) ** 2


def logistic_loss(params, x, y):
    s = (params["w"] * x).sum() + params["b"]
    return torch.nn.functional.softplus(s) - y.sum() * s


check(
    "per_example_gradients",
    loss=one_of(squared_error, logistic_loss),
    params=params({"w": "D", "b": ""}),
    xs=tensor("N D") | tensor("N E D"),
    ys=tensor("N") | labels("N") | tensor("N K"),
    off_limits=ANSWERS,
    hints=[
        "Two transformations after each other. What does grad(loss) take, and what does it give, for one example?",
        "Map grad(loss) over the examples; the parameters are shared by all of them.",
        "vmap(grad(loss), in_dims=(None, 0, 0))(params, xs, ys)",
    ],
)


# Functions from [D] to [M]: M is two, D, or D squared.


def mean_and_energy(x):
    return torch.stack([x.mean(), x.square().sum()])


def running_squares(x):
    return x.square().cumsum(0)


def all_products(x):
    return torch.outer(x, x.sin()).reshape(-1)


check(
    "jacobian",
    f=one_of(mean_and_energy, running_squares, all_products),
    x=tensor("D"),
    off_limits=ANSWERS,
    hints=[
        "torch.func has it, twice: by rows (reverse mode) and by columns (forward mode).",
        "jacrev(f) is a function of x, as grad(f) is.",
    ],
)


# Scalar functions of [D] that need no more than D entries of memory.


def quartic(x):
    return (x**4).sum() / 12


def coupled(x):
    return (x[1:] * x[:-1]).square().sum() + x.sum() * x.square().sum()


check(
    "hvp",
    f=one_of(quartic, coupled),
    x=tensor("D"),
    v=tensor("D"),
    laws=[memory_linear_in("D")],
    off_limits=ANSWERS,
    hints=[
        "H v is the gradient of a number that you can compute: the dot product of grad f(x) with the constant v.",
        "grad(f) is a function, so you can write another function with it, and take the gradient of that one.",
        "grad(lambda x: grad(f)(x) @ v)(x). Or, in forward mode over reverse mode: jvp(grad(f), (x,), (v,))[1].",
    ],
)
