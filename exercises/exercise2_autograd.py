"""Exercise 2: the computation graph, and the gradient that runs back through it.

One small function is taken apart here, the distance of a point x from a point w:

    z = f(x; w) = sqrt(sum_i (x_i - w_i)^2)

PyTorch notes every operation on a tensor that requires grad, while the operation runs. `backward` walks these notes
from the result to the leaves and multiplies the local derivatives on its way. You will do the same by hand first, and
see that the two agree. The next exercise leaves `.backward()` and `.grad` behind for `torch.func`.

Write each function, then run `xor-check exercise2`.
"""

import torch
from torch import Tensor


def make_input() -> Tensor:
    """Make the data point x = (1.5, 2.5): float32, [2]. No gradient is wanted for data, so it does not require grad.

    >>> make_input()
    tensor([1.5000, 2.5000])
    """
    raise NotImplementedError


def make_parameter() -> Tensor:
    """Make the parameter w = (-1, 1): float32, [2], a leaf of the graph that requires grad.

    A leaf is a tensor that you made, not one that an operation gave.

    >>> make_parameter()
    tensor([-1.,  1.], requires_grad=True)
    """
    raise NotImplementedError


def distance(w: Tensor, x: Tensor) -> Tensor:
    """Give the distance of `x` from `w`.

        z = sqrt(sum_i (x_i - w_i)^2)

    Accurate to 1e-5 also for points that are close together, and differentiable in both arguments.

    Args:
        w: a point, [D].
        x: another point, [D].

    Returns:
        The distance, a scalar tensor, [].

    >>> distance(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    raise NotImplementedError


def local_derivatives(w: Tensor, x: Tensor) -> dict[str, Tensor]:
    """Give the derivative of each step of `distance` with respect to the step before.

        a = x - w    b = a^2    c = sum_i b_i    z = sqrt(c)

    Each a_i depends on w_i alone, and each b_i on a_i alone, so one number an entry says it all.

    Args:
        w: a point, [D].
        x: another point, [D].

    Returns:
        `da_dw` [D], `db_da` [D], `dc_db` [D] and `dz_dc` [], under these names.

    >>> derivatives = local_derivatives(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]))
    >>> derivatives["db_da"], derivatives["dz_dc"]
    (tensor([6., 8.]), tensor(0.1000))
    """
    raise NotImplementedError


def chain_rule(w: Tensor, x: Tensor) -> Tensor:
    """Give the gradient of the distance with respect to `w`, by hand.

        dz/dw_i = dz/dc * dc/db_i * db_i/da_i * da_i/dw_i

    No automatic differentiation here: it is switched off while this function is checked.

    Args:
        w: a point, [D].
        x: another point, [D].

    Returns:
        The gradient, [D].

    >>> chain_rule(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]))
    tensor([-0.6000, -0.8000])
    """
    raise NotImplementedError


def backward_gradient(w: Tensor, x: Tensor) -> Tensor:
    """Give the gradient of the distance with respect to `w` through `.backward()`.

    `backward` adds to the `.grad` of every leaf. The caller's tensors are not yours: whether they require grad or
    not, they keep their flag and their `.grad`, and a second call gives the same gradient as the first.

    Args:
        w: a point, [D].
        x: another point, [D].

    Returns:
        The gradient, [D].

    >>> backward_gradient(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]))
    tensor([-0.6000, -0.8000])
    """
    raise NotImplementedError
