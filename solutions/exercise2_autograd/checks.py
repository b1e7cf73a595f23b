"""How exercise 2 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch

from checker.spec import Tolerance, check, differentiates, seen_by, tensor


def apart(w, x):
    """Whether the points differ: where they do not, the distance has no gradient."""
    return bool((w != x).any())


def needs_no_gradient(answer):
    """Is plain data: it does not require grad"""
    x = answer.make_input()
    return {"x.requires_grad": x.requires_grad}


check(
    "make_input",
    laws=[seen_by(needs_no_gradient)],
    hints=[
        "Two floats in a list become a tensor of two entries.",
        "torch.tensor([1.5, 2.5])",
    ],
)


def is_a_parameter(answer):
    """Is a leaf of the graph that requires grad"""
    w = answer.make_parameter()
    return {"w.requires_grad": w.requires_grad, "w.is_leaf": w.is_leaf}


check(
    "make_parameter",
    laws=[seen_by(is_a_parameter)],
    hints=[
        "torch.tensor takes an argument that says whether a gradient will be wanted.",
        "Ints cannot require grad: write -1.0 and 1.0, and say requires_grad=True.",
    ],
)


def close_points(answer, w, x):
    """Is accurate for points that are close together too"""
    return answer.distance(w, w + (x - w) / 1024)


check(
    "distance",
    w=tensor("D"),
    x=tensor("D"),
    where=apart,
    tolerances={torch.float32: Tolerance(1e-5, absolute=0), torch.float64: Tolerance(1e-10, absolute=0)},
    laws=[seen_by(close_points), differentiates("w", "x")],
    hints=[
        "Write the formula from the inside out: difference, square, sum, square root, each a tensor operation.",
        "Keep to tensors: .item() and the functions of `math` leave the graph, and the gradient is lost.",
        "((x - w) ** 2).sum().sqrt()",
    ],
)

check(
    "local_derivatives",
    w=tensor("D"),
    x=tensor("D"),
    where=apart,
    hints=[
        "Four lines of school calculus: the derivatives of x - w by w, of a^2 by a, of a sum by its terms, of sqrt(c).",
        "da/dw = -1 and dc/db = 1, for each of the D entries; torch.ones_like gives them their shape and dtype.",
        "db/da = 2 a and dz/dc = 1 / (2 sqrt(c)).",
    ],
)

AUTOMATIC_DIFFERENTIATION = [
    "torch.Tensor.backward",
    "torch.autograd.backward",
    "torch.autograd.grad",
    *(f"torch.func.{name}" for name in ("grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "linearize")),
    *(f"torch.autograd.functional.{name}" for name in ("vjp", "jvp", "jacobian", "hvp", "vhp", "hessian")),
    "torch.autograd.forward_ad.make_dual",
]

check(
    "chain_rule",
    w=tensor("D"),
    x=tensor("D"),
    where=apart,
    off_limits=AUTOMATIC_DIFFERENTIATION,
    hints=[
        "You have all the factors already: local_derivatives gives them.",
        "Multiply the four entry by entry; dz_dc is a scalar and goes with every entry.",
    ],
)


def keep_what_the_caller_has(answer, w, x):
    """Leaves alone what the caller's tensors have in `.grad` already"""
    w, x = w.detach().requires_grad_(), x.detach().requires_grad_()
    w.grad, x.grad = torch.ones_like(w), torch.ones_like(x)
    result = answer.backward_gradient(w, x)
    return {"the result": result, "w.grad": w.grad, "x.grad": x.grad}


check(
    "backward_gradient",
    w=tensor("D", requires_grad=None),
    x=tensor("D", requires_grad=None),
    where=apart,
    laws=[seen_by(keep_what_the_caller_has)],
    hints=[
        "Work on a tensor of your own: a copy of w that is a leaf and requires grad.",
        "w.detach().clone().requires_grad_() is such a copy. Which tensor has the gradient in .grad after backward()?",
        "x may require grad too: hand x.detach() to distance, so that nothing flows into the caller's x.grad.",
    ],
)
