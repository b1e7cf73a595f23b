"""Wrong answers to exercise 3 that students give, each with the sentence that helps."""

import torch
from torch.func import grad, grad_and_value, hessian, jacrev, jvp, vmap

from checker.spec import misconception


def _distance(w, x):
    return (x - w).square().sum().sqrt()


@misconception("distance_gradient", "This is the gradient with respect to x, the second argument; w is the first.")
def with_respect_to_x(w, x):
    return grad(_distance, argnums=1)(w, x)


@misconception("distance_gradient", "grad(distance) is a function: call it with (w, x).")
def function_not_called(w, x):
    return grad(_distance)


@misconception("distance_gradient", "Two gradients come with argnums=(0, 1): only the one for w is asked for.")
def gradients_of_both(w, x):
    return grad(_distance, argnums=(0, 1))(w, x)


@misconception("distance_gradient", "grad_and_value gives a pair: the gradient alone is asked for.")
def gradient_and_value(w, x):
    return grad_and_value(_distance)(w, x)


@misconception("distance_gradient", "This is the gradient of the squared distance: the square root is missing.")
def of_the_squared_distance(w, x):
    return grad(lambda w: (x - w).square().sum())(w)


@misconception("value_and_grad", "This is torch's order, (grads, value); JAX's, asked for here, is (value, grads).")
def swapped(f):
    return grad_and_value(f)


@misconception("value_and_grad", "The value is missing: a pair (value, grads) is asked for.")
def only_the_gradient(f):
    return grad(f)


@misconception("value_and_grad", "f may take any number of further arguments: take *args, and hand them on as *args.")
def one_argument_only(f):
    def value_then_grads(params, x):
        grads, value = grad_and_value(f)(params, x)
        return value, grads

    return value_then_grads


@misconception(
    "value_and_grad", "The value is a Python number here: keep the tensor, which vmap and further gradients need."
)
def value_as_number(f):
    def value_then_grads(params, *args):
        grads, value = grad_and_value(f)(params, *args)
        return value.item(), grads

    return value_then_grads


@misconception(
    "value_and_grad", "The grads have lost the names: keep the structure of params, as grad_and_value gives it."
)
def without_names(f):
    def value_then_grads(params, *args):
        grads, value = grad_and_value(f)(params, *args)
        return value, tuple(grads.values()) if isinstance(grads, dict) else grads

    return value_then_grads


@misconception(
    "value_and_grad",
    "The caller's params now require grad, and .grad keeps what backward() left: torch.func needs neither.",
)
def through_backward(f):
    def value_then_grads(params, *args):
        leaves = [params] if isinstance(params, torch.Tensor) else list(params.values())
        for leaf in leaves:
            leaf.requires_grad_()
            leaf.grad = None
        value = f(params, *args)
        value.backward()
        grads = leaves[0].grad if isinstance(params, torch.Tensor) else {k: v.grad for k, v in params.items()}
        return value.detach(), grads

    return value_then_grads


@misconception("batched_distance", "[N, 1] for [N]: the sum should not keep the dimension that it sums over.")
def column_of_distances(w, xs):
    return (xs - w).square().sum(1, keepdim=True).sqrt()


@misconception("batched_distance", "This sums over the points too: one number for all of them instead of one each.")
def one_number_for_all(w, xs):
    return (xs - w).square().sum().sqrt()


@misconception(
    "batched_distance", "The sum runs over the points instead of the coordinates: dim=1 are the coordinates."
)
def summed_over_the_points(w, xs):
    return (xs - w).square().sum(0).sqrt()


@misconception("batched_distance", "Only the first point is measured, and its distance stands in every place.")
def first_point_everywhere(w, xs):
    return (xs - w)[:1].square().sum(1).sqrt().expand(len(xs))


@misconception("batched_distance", "The square root is missing: these are squared distances.")
def squared_distances(w, xs):
    return (xs - w).square().sum(1)


@misconception("batched_distance", "vmap maps over all arguments unless told otherwise: in_dims=(None, 0) shares w.")
def w_mapped_too(w, xs):
    return vmap(_distance)(w, xs)


@misconception(
    "batched_distance", "torch.tensor(...) of numbers has left the graph: no gradient can flow. Stack tensors."
)
def collected_numbers(w, xs):
    return torch.tensor([_distance(w, x).item() for x in xs], dtype=xs.dtype)


@misconception(
    "per_example_gradients", "This is the gradient of the sum of all losses; each example's own is asked for."
)
def gradient_of_the_sum(loss, params, xs, ys):
    return grad(lambda params: vmap(loss, (None, 0, 0))(params, xs, ys).sum())(params)


@misconception("per_example_gradients", "This is the gradient of the mean loss; each example's own is asked for.")
def gradient_of_the_mean(loss, params, xs, ys):
    return grad(lambda params: vmap(loss, (None, 0, 0))(params, xs, ys).mean())(params)


@misconception("per_example_gradients", "The first example's gradient stands in every place: map over xs and ys.")
def first_example_everywhere(loss, params, xs, ys):
    first = grad(loss)(params, xs[0], ys[0])
    return {name: value.expand(len(xs), *value.shape) for name, value in first.items()}


@misconception(
    "per_example_gradients", "A list of dicts, one an example: a dict of stacked tensors is asked for, as vmap gives."
)
def list_of_dicts(loss, params, xs, ys):
    return [grad(loss)(params, x, y) for x, y in zip(xs, ys, strict=True)]


@misconception(
    "per_example_gradients", "The example axis comes last here; it should come first, as vmap's out_dims=0 has it."
)
def examples_last(loss, params, xs, ys):
    return vmap(grad(loss), in_dims=(None, 0, 0), out_dims=-1)(params, xs, ys)


@misconception(
    "per_example_gradients", "The gradients are divided by N: an example's own gradient knows nothing of the others."
)
def divided_by_the_number(loss, params, xs, ys):
    grads = vmap(grad(loss), in_dims=(None, 0, 0))(params, xs, ys)
    return {name: value / len(xs) for name, value in grads.items()}


@misconception("per_example_gradients", "The labels are shared by all examples here: map over ys as over xs.")
def labels_not_mapped(loss, params, xs, ys):
    return vmap(grad(loss), in_dims=(None, 0, None))(params, xs, ys)


@misconception("jacobian", "This is the Jacobian transposed: a row for each output, a column for each input.")
def transposed(f, x):
    return jacrev(f)(x).T


@misconception("jacobian", "This is the gradient of the sum of the outputs, one row for all: each output has its own.")
def summed_outputs(f, x):
    return grad(lambda x: f(x).sum())(x)


@misconception("jacobian", "This is the derivative in one direction, all ones: it adds the columns up.")
def one_direction(f, x):
    return jvp(f, (x,), (torch.ones_like(x),))[1]


@misconception("jacobian", "Only the first output is differentiated: its row is one of M.")
def first_row_only(f, x):
    return grad(lambda x: f(x)[0])(x)


@misconception("jacobian", "grad needs a scalar function; for [M] outputs there are jacrev and jacfwd.")
def plain_grad(f, x):
    return grad(f)(x)


@misconception(
    "hvp", "The Hessian is built whole here, D x D entries for D numbers: take the gradient's derivative along v."
)
def whole_hessian(f, x, v):
    return hessian(f)(x) @ v


@misconception("hvp", "This is the gradient times v, the first derivative along v: the second is asked for.")
def gradient_times_v(f, x, v):
    return grad(f)(x) * v


@misconception("hvp", "jvp gives a pair, the gradient and then its derivative along v: take the second.")
def first_of_the_pair(f, x, v):
    return jvp(grad(f), (x,), (v,))[0]


@misconception("hvp", "Both of jvp's results are given: the second alone is H v.")
def both_of_the_pair(f, x, v):
    return jvp(grad(f), (x,), (v,))


@misconception("hvp", "v^T H v is a number: H v, a vector, is asked for.")
def quadratic_form(f, x, v):
    return jvp(lambda x: jvp(f, (x,), (v,))[1], (x,), (v,))[1]


@misconception(
    "hvp", "The point and the direction have changed places: the Hessian is taken at x, and multiplied by v."
)
def point_and_direction_swapped(f, x, v):
    return jvp(grad(f), (v,), (x,))[1]


@misconception("hvp", "Only the diagonal of the Hessian is used: the mixed derivatives belong to it too.")
def diagonal_only(f, x, v):
    return vmap(lambda e: e * jvp(grad(f), (x,), (e,))[1])(torch.eye(len(x), dtype=x.dtype)).sum(0) * v
