"""Right answers to exercise 3 in other forms, all of which the checks must pass."""

import torch
from torch.func import grad, jacfwd, jacrev, jvp, vjp, vmap

from checker.spec import alternative, equivalent


def _distance(w, x):
    return torch.linalg.vector_norm(x - w)


@alternative("distance_gradient")
def named_argument(w, x):
    return grad(_distance, argnums=0)(w, x)


@alternative("distance_gradient")
def of_a_lambda(w, x):
    return grad(lambda w: (x - w).square().sum() ** 0.5)(w)


@alternative("distance_gradient")
def one_row_of_the_jacobian(w, x):
    return jacrev(_distance)(w, x)


@alternative("distance_gradient")
def closed_form(w, x):
    return (w - x) / _distance(w, x)


@alternative("value_and_grad")
def pulled_back(f):
    def value_then_grads(params, *args):
        value, pull = vjp(lambda params: f(params, *args), params)
        return value, pull(torch.ones_like(value))[0]

    return value_then_grads


@alternative("value_and_grad")
def two_passes(f):
    return lambda params, *args: (f(params, *args), grad(f)(params, *args))


@alternative("value_and_grad")
def reversed_pair(f):
    both = torch.func.grad_and_value(f)
    return lambda *args: tuple(reversed(both(*args)))


@alternative("value_and_grad")
def auxiliary(f):
    def value_twice(*args):
        value = f(*args)
        return value, value

    def value_then_grads(*args):
        grads, value = grad(value_twice, has_aux=True)(*args)
        return value, grads

    return value_then_grads


@alternative("value_and_grad")
def by_autograd(f):
    def value_then_grads(params, *args):
        single = isinstance(params, torch.Tensor)
        leaves = {"": params} if single else params
        leaves = {name: leaf.detach().clone().requires_grad_() for name, leaf in leaves.items()}
        value = f(leaves[""] if single else leaves, *args)
        grads = dict(zip(leaves, torch.autograd.grad(value, list(leaves.values())), strict=True))
        return value.detach(), grads[""] if single else grads

    return value_then_grads


@alternative("batched_distance")
def broadcast(w, xs):
    return (xs - w).square().sum(dim=1).sqrt()


@alternative("batched_distance")
def norm_of_rows(w, xs):
    return torch.linalg.vector_norm(xs - w, dim=-1)


@alternative("batched_distance")
def mapped_closure(w, xs):
    return vmap(lambda x: _distance(w, x))(xs)


@alternative("batched_distance")
def loop_over_points(w, xs):
    return torch.stack([_distance(w, x) for x in xs]) if len(xs) else (xs - w).sum(1)


@alternative("per_example_gradients")
def loop_over_examples(loss, params, xs, ys):
    grads = [grad(loss)(params, x, y) for x, y in zip(xs, ys, strict=True)]
    return {name: torch.stack([each[name] for each in grads]) for name in params}


@alternative("per_example_gradients")
def jacobian_of_the_losses(loss, params, xs, ys):
    return jacrev(lambda params: vmap(loss, (None, 0, 0))(params, xs, ys))(params)


@alternative("per_example_gradients")
def repeated_parameters(loss, params, xs, ys):
    repeated = {name: value.expand(len(xs), *value.shape) for name, value in params.items()}
    return vmap(grad(loss))(repeated, xs, ys)


@alternative("per_example_gradients")
def in_chunks(loss, params, xs, ys):
    return vmap(grad(loss), in_dims=(None, 0, 0), chunk_size=2)(params, xs, ys)


@alternative("per_example_gradients")
def backward_each(loss, params, xs, ys):
    rows = []
    for x, y in zip(xs, ys, strict=True):
        leaves = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
        loss(leaves, x, y).backward()
        rows.append({name: leaf.grad for name, leaf in leaves.items()})
    return {name: torch.stack([row[name] for row in rows]) for name in params}


@alternative("jacobian")
def forward_mode(f, x):
    return jacfwd(f)(x)


@alternative("jacobian")
def one_direction_after_another(f, x):
    return torch.stack([jvp(f, (x,), (direction,))[1] for direction in torch.eye(len(x), dtype=x.dtype)], dim=1)


@alternative("jacobian")
def rows_of_vjp(f, x):
    value, pull = vjp(f, x)
    return vmap(pull)(torch.eye(len(value), dtype=x.dtype))[0]


@alternative("jacobian")
def autograd_functional(f, x):
    return torch.autograd.functional.jacobian(f, x)


@alternative("hvp")
def forward_over_reverse(f, x, v):
    return jvp(grad(f), (x,), (v,))[1]


@alternative("hvp")
def reverse_over_forward(f, x, v):
    return grad(lambda x: jvp(f, (x,), (v,))[1])(x)


@alternative("hvp")
def pulled_gradient(f, x, v):
    return vjp(grad(f), x)[1](v)[0]


@alternative("hvp")
def double_backward(f, x, v):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(f(x), x, create_graph=True)
    return torch.autograd.grad(gradient, x, v)[0]


equivalent(
    "distance",
    "return (x - w).square().sum().sqrt() -> return (w - x).square().sum().sqrt()",
    "this one is given, and the square of a difference is that of its negative",
)
equivalent(
    "hvp",
    "return grad(lambda x: grad(f)(x) @ v)(x) -> return grad(lambda x: v @ grad(f)(x))(x)",
    "a dot product is the same either way round",
)
