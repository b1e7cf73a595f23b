"""Right answers to exercise 2 in other forms, all of which the checks must pass."""

import math

import torch

from checker.spec import alternative, equivalent


@alternative("make_input")
def stacked(ones=None):
    return torch.stack([torch.tensor(1.5), torch.tensor(2.5)])


@alternative("make_input")
def float_tensor():
    return torch.FloatTensor([1.5, 2.5])


@alternative("make_input")
def arange():
    return torch.arange(1.5, 3.0)


@alternative("make_parameter")
def flag_afterwards():
    w = torch.tensor([-1, 1], dtype=torch.float32)
    w.requires_grad = True
    return w


@alternative("make_parameter")
def linspace():
    return torch.linspace(-1, 1, 2, requires_grad=True)


@alternative("make_parameter")
def parameter():
    return torch.nn.Parameter(torch.tensor([-1.0, 1.0]))


@alternative("distance")
def norm(w, x):
    return torch.linalg.vector_norm(x - w)


@alternative("distance")
def powers(w, x):
    return torch.sum((w - x) ** 2) ** 0.5


@alternative("distance")
def dot(w, x):
    a = x - w
    return torch.sqrt(a @ a)


@alternative("distance")
def scaled(w, x):
    a = x - w
    largest = a.abs().max().detach()
    return largest * (a / largest).square().sum().sqrt()


@alternative("local_derivatives")
def step_by_step(w, x):
    a = x - w
    b = a**2
    c = b.sum()
    z = c**0.5
    return {"dz_dc": 0.5 / z, "dc_db": b * 0 + 1, "db_da": a + a, "da_dw": torch.full_like(w, -1.0)}


@alternative("local_derivatives")
def by_jacobians(w, x):
    a = (x - w).detach()
    c = a.square().sum()
    return {
        "da_dw": torch.func.jacrev(lambda w: x - w)(w).diagonal(),
        "db_da": torch.func.grad(lambda a: a.square().sum())(a),
        "dc_db": torch.func.grad(torch.sum)(a.square()),
        "dz_dc": torch.func.grad(torch.sqrt)(c),
    }


@alternative("chain_rule")
def closed_form(w, x):
    return (w - x) / torch.linalg.vector_norm(w - x)


@alternative("chain_rule")
def loop(w, x):
    z = math.sqrt(sum((float(b) - float(a)) ** 2 for a, b in zip(w, x, strict=True)))
    return torch.tensor([(float(a) - float(b)) / z for a, b in zip(w, x, strict=True)], dtype=w.dtype)


@alternative("chain_rule")
def outer_to_inner(w, x):
    a = x - w
    gradient = 1 / (2 * torch.sqrt(torch.sum(a * a)))
    gradient = gradient.expand(a.shape)
    gradient = gradient * 2 * a
    return -gradient


@alternative("backward_gradient")
def fresh_tensor(w, x):
    own = torch.tensor(w.tolist(), dtype=w.dtype, requires_grad=True)
    ((x.detach() - own) ** 2).sum().sqrt().backward()
    return own.grad


@alternative("backward_gradient")
def inputs_named(w, x):
    own = w.detach().clone().requires_grad_(True)
    torch.linalg.vector_norm(x.detach() - own).backward(inputs=[own])
    return own.grad.clone()


equivalent(
    "distance",
    "return (x - w).square().sum().sqrt() -> return (w - x).square().sum().sqrt()",
    "the square of a difference is that of its negative",
)
equivalent(
    "chain_rule",
    "return local['dz_dc'] * local['dc_db'] * local['db_da'] * local['da_dw'] -> "
    "return local['dz_dc'] * local['dc_db'] * local['db_da'] / local['da_dw']",
    "da/dw is -1, its own inverse",
)
equivalent(
    "chain_rule",
    "return local['dz_dc'] * local['dc_db'] * local['db_da'] * local['da_dw'] -> "
    "return local['dz_dc'] / local['dc_db'] * local['db_da'] * local['da_dw']",
    "dc/db is 1, its own inverse",
)
equivalent(
    "backward_gradient",
    "distance(leaf, x.detach()).backward() -> distance(x.detach(), leaf).backward()",
    "a distance is the same from either end",
)
equivalent(
    "backward_gradient",
    "leaf = w.detach().clone().requires_grad_() -> leaf = w.detach().requires_grad_()",
    "a detached tensor has a flag and a .grad of its own already; the copy guards against changes in place only",
)
