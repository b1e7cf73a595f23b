"""Derivatives as functions of functions.

`torch.func` turns a function into its gradient, its batched form, its Jacobian. The few transforms here are those
compositions of them that a training loop or an analysis asks for again and again, each in one line, each
nestable in any other.
"""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from xorfunc.params import LossFn, Params

P = TypeVar("P", Tensor, Params)
Rest = ParamSpec("Rest")


def value_and_grad(f: Callable[Concatenate[P, Rest], Tensor]) -> Callable[Concatenate[P, Rest], tuple[Tensor, P]]:
    """A function that gives what `f` gives, and its gradient in the first argument: `(value, grads)`.

    This is JAX's order; `torch.func.grad_and_value` gives the reverse.

    Args:
        f: a scalar function of a tensor or a parameter dict, and of whatever else.

    Returns:
        A function of the same arguments; `grads` has the structure of the first.

    >>> value_and_grad(lambda w: (w**2).sum())(torch.tensor([1.0, 2.0]))
    (tensor(5.), tensor([2., 4.]))
    """
    grad_and_value = torch.func.grad_and_value(f)

    @functools.wraps(f)
    def value_then_grad(params: P, *args: Rest.args, **kwargs: Rest.kwargs) -> tuple[Tensor, P]:
        grads, value = grad_and_value(params, *args, **kwargs)
        return value, grads

    return value_then_grad


def per_example_gradients(loss: LossFn, params: Params, xs: Float[Tensor, "N *x"], ys: Any) -> Params:
    """The gradient of the loss of each example on its own, without a loop.

    Args:
        loss: `loss(params, x, y)` is a scalar for ONE example, `x` and `y` without the leading axis.
        params: the parameters to differentiate in.
        xs: N examples.
        ys: their N targets.

    Returns:
        For each name the gradients `[N, *shape]`; their mean is the gradient of the mean loss.

    >>> loss = lambda params, x, y: (params["w"] @ x - y) ** 2
    >>> per_example_gradients(loss, {"w": torch.ones(2)}, torch.eye(2), torch.zeros(2))
    {'w': tensor([[2., 0.],
            [0., 2.]])}
    """
    return torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(params, xs, ys)


def jacobian(f: Callable[[Tensor], Tensor], x: Float[Tensor, "D"]) -> Float[Tensor, "M D"]:
    """All first derivatives: entry [m, d] is the derivative of `f(x)[m]` in `x[d]`.

    One backward pass an output, batched; where there are many more outputs than inputs,
    `torch.func.jacfwd` costs less.

    >>> jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    return torch.func.jacrev(f)(x)


def hvp(f: Callable[[Tensor], Tensor], x: Float[Tensor, "D"], v: Float[Tensor, "D"]) -> Float[Tensor, "D"]:
    """The Hessian of scalar `f` at `x`, times `v`, for about the price of two gradients.

        H v = v^T (d grad f / dx), as H is symmetric

    The gradient is a function like any other, and `v` is pulled back through it once, so that memory is linear in D
    and the D x D matrix is never built (Pearlmutter 1994, "Fast exact multiplication by the Hessian").

    >>> hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    # Forward over reverse, jvp(grad(f)), gives the same, in twice the time and with a DeprecationWarning in torch 2.13.
    pull_back = torch.func.vjp(torch.func.grad(f), x)[1]
    return pull_back(v)[0]
