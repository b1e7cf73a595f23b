"""Exercise 3: functions that make functions: grad, value_and_grad, vmap, jacobians.

What JAX calls transformations PyTorch has in `torch.func`: they take a function and give another one. Nothing is
stored in a `.grad`, nothing needs to require grad, and the arguments stay as they are. The whole course trains its
networks this way, and you have met the few differences from JAX once you are through with this exercise.

Write each function, then run `xor-check exercise3`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Params = dict[str, Tensor]


def distance(w: Tensor, x: Tensor) -> Tensor:
    """Give the distance of `x` from `w`, both [D], as in exercise 2. This one is given."""
    return (x - w).square().sum().sqrt()


def distance_gradient(w: Tensor, x: Tensor) -> Tensor:
    """Give the gradient of `distance` with respect to `w`, through `torch.func.grad`.

    Args:
        w: a point, [D].
        x: another point, [D].

    Returns:
        The gradient, [D].

    >>> distance_gradient(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]))
    tensor([-0.6000, -0.8000])
    """
    raise NotImplementedError


def value_and_grad(f: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, Tensor | Params]]:
    """Give the function that computes value and gradient of `f` together, in JAX's order.

    The training loop of exercise 8 is built on it: the value is the loss to report, the gradient the way downhill.

    Args:
        f: maps `(params, *args)` to a scalar; `params` is a tensor or a dict of tensors.

    Returns:
        A function that maps `(params, *args)` to `(value, grads)`, grads with the structure of `params`.

    >>> value_and_grad(lambda w, x: (w * x).sum())(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    (tensor(11.), tensor([3., 4.]))
    """
    raise NotImplementedError


def batched_distance(w: Tensor, xs: Tensor) -> Tensor:
    """Give the distance of each of N points from `w`.

    `distance` takes one point; `vmap` makes of it a function of many, without a loop.

    Args:
        w: a point, [D].
        xs: N points, [N, D].

    Returns:
        The distances, [N].

    >>> batched_distance(torch.zeros(2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([5., 1.])
    """
    raise NotImplementedError


def per_example_gradients(loss: Callable[..., Tensor], params: Params, xs: Tensor, ys: Tensor) -> Params:
    """Give the gradient of the loss of each single example.

    `.backward()` can only give their sum; `vmap` of `grad` gives each example's own.

    Args:
        loss: maps `(params, x, y)` to the scalar loss of ONE example.
        params: the parameters, a dict of tensors.
        xs: inputs, [N, ...], N >= 1.
        ys: labels, [N, ...].

    Returns:
        A dict with the names of `params`; each entry is [N, *shape of the parameter].

    >>> loss = lambda params, x, y: (params["w"] * x - y) ** 2
    >>> per_example_gradients(loss, {"w": torch.tensor(1.0)}, torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0]))
    {'w': tensor([2., 8.])}
    """
    raise NotImplementedError


def jacobian(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Give all partial derivatives of a function from [D] to [M].

        result[m, d] = df_m / dx_d

    Args:
        f: maps [D] to [M].
        x: where, [D].

    Returns:
        The Jacobian, [M, D].

    >>> jacobian(lambda x: torch.stack([x[0] * x[1], x[0] + x[1], x[0]]), torch.tensor([2.0, 5.0]))
    tensor([[5., 2.],
            [1., 1.],
            [1., 0.]])
    """
    raise NotImplementedError


def hvp(f: Callable[[Tensor], Tensor], x: Tensor, v: Tensor) -> Tensor:
    """Give the product of the Hessian of `f` with a vector, without ever having the Hessian.

        result = H v,   H[i, j] = d^2 f / dx_i dx_j

    The Hessian has D^2 entries, the product D. It is how the gradient changes in the direction v, which is also the
    gradient of the number grad f(x) . v.

    Args:
        f: maps [D] to a scalar.
        x: where, [D].
        v: the vector, [D].

    Returns:
        The product, [D].

    >>> hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    tensor([  6., 120.])
    """
    raise NotImplementedError
