"""Exercise 1: tensors are arrays with a dtype and a device.

What you know of `jax.numpy` carries over almost word for word. Two things are new. A tensor can be changed in place,
and two tensors can share one memory, so that a change to the one shows in the other. Learn here when that happens;
from the next exercise on nothing is changed in place any more.

Write each function, then run `xor-check exercise1`.
"""

import numpy as np
import torch
from torch import Tensor


def from_rows(rows: list[list[float]]) -> Tensor:
    """Make a matrix of its rows.

    The dtype is float32 whatever the numbers are: in PyTorch a list of ints would give int64.

    Args:
        rows: R rows of C numbers each, floats or ints.

    Returns:
        The matrix, [R, C], float32.

    >>> from_rows([[1, 2], [3, 4]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return torch.tensor(rows, dtype=torch.float32)


def shape_of(x: Tensor) -> tuple[int, ...]:
    """Give the size of each dimension as a tuple of ints.

    >>> tuple(shape_of(torch.zeros(2, 3)))
    (2, 3)
    """
    return tuple(x.shape)


def to_numpy(x: Tensor) -> np.ndarray:
    """Give the values of a tensor as a NumPy array, also when the tensor requires grad.

    NumPy knows nothing of gradients, so PyTorch asks you to leave the computation graph first.

    >>> to_numpy(torch.tensor([1.0, 2.0], requires_grad=True))
    array([1., 2.], dtype=float32)
    """
    return x.detach().cpu().numpy()


def share_numpy(a: np.ndarray) -> Tensor:
    """Give a tensor over the memory of a NumPy array.

    Nothing is copied: what is written into `a` later shows in the tensor.

    >>> a = np.zeros(2)
    >>> t = share_numpy(a)
    >>> a[0] = 5
    >>> t
    tensor([5., 0.], dtype=torch.float64)
    """
    return torch.from_numpy(a)


def add(x: Tensor, y: Tensor) -> Tensor:
    """Add two tensors of the same shape, entry by entry, into a new tensor.

    This is the style of the whole course: the arguments stay as they are, the result is new.

    >>> add(torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0]))
    tensor([11., 22.])
    """
    return x + y


def add_(x: Tensor, y: Tensor) -> Tensor:
    """Add `y` to `x` in place, and give `x` back.

    The same tensor, not a new one: every view of `x` sees the sum. `y` stays as it is. PyTorch marks functions that
    change their first argument by an underscore at the end of the name.

    >>> x = torch.tensor([1.0, 2.0])
    >>> add_(x, torch.tensor([10.0, 20.0])) is x
    True
    >>> x
    tensor([11., 22.])
    """
    return x.add_(y)


def as_matrix(x: Tensor, rows: int, cols: int) -> Tensor:
    """Look at a vector as a matrix, row after row.

    A view: the matrix shares its memory with `x`.

    Args:
        x: a vector, [rows * cols].
        rows: how many rows the matrix has.
        cols: how many columns it has.

    >>> as_matrix(torch.arange(6.0), 2, 3)
    tensor([[0., 1., 2.],
            [3., 4., 5.]])
    """
    return x.view(rows, cols)


def transpose(x: Tensor) -> Tensor:
    """Turn a matrix [R, C] over its diagonal, into [C, R].

        result[c, r] = x[r, c]

    >>> transpose(torch.tensor([[1.0, 2.0, 3.0]])).shape
    torch.Size([3, 1])
    """
    return x.T


def matmul(x: Tensor, w: Tensor) -> Tensor:
    """Multiply two matrices, [N, D] and [D, H], into [N, H].

        result[n, h] = sum_d x[n, d] w[d, h]

    >>> matmul(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    return x @ w


def batch_matmul(a: Tensor, b: Tensor) -> Tensor:
    """Multiply B pairs of matrices, [B, N, M] and [B, M, P], each pair by itself, into [B, N, P].

        result[b, n, p] = sum_m a[b, n, m] b[b, m, p]

    >>> batch_matmul(torch.ones(5, 2, 3), torch.ones(5, 3, 4)).shape
    torch.Size([5, 2, 4])
    """
    return a @ b


def bilinear(x: Tensor, a: Tensor, y: Tensor) -> Tensor:
    """Give the bilinear form of each pair of rows.

        result[n] = sum_de x[n, d] a[d, e] y[n, e]

    Made for `torch.einsum`, whose string is nearly the formula.

    Args:
        x: N vectors, [N, D].
        a: the matrix of the form, [D, E].
        y: N vectors, [N, E].

    Returns:
        One number a pair, [N].

    >>> bilinear(torch.tensor([[1.0, 2.0]]), torch.eye(2), torch.tensor([[3.0, 4.0]]))
    tensor([11.])
    """
    return torch.einsum("nd,de,ne->n", x, a, y)


def second_column(x: Tensor) -> Tensor:
    """Give the second column of a matrix [R, C], as [R]. There are at least 3 rows and 2 columns.

    >>> second_column(torch.arange(6.0).reshape(3, 2))
    tensor([1., 3., 5.])
    """
    return x[:, 1]


def first_row(x: Tensor) -> Tensor:
    """Give the first row of a matrix [R, C], as [C]. There are at least 3 rows and 2 columns.

    >>> first_row(torch.arange(6.0).reshape(3, 2))
    tensor([0., 1.])
    """
    return x[0]


def first_two_rows_last_column(x: Tensor) -> Tensor:
    """Give the last entries of the first two rows of a matrix [R, C], as [2].

    There are at least 3 rows and 2 columns.

    >>> first_two_rows_last_column(torch.arange(6.0).reshape(3, 2))
    tensor([1., 3.])
    """
    return x[:2, -1]


def middle_rows(x: Tensor) -> Tensor:
    """Give the rows with the indices 1 and 2 of a matrix [R, C], as [2, C].

    There are at least 3 rows and 2 columns.

    >>> middle_rows(torch.arange(8.0).reshape(4, 2))
    tensor([[2., 3.],
            [4., 5.]])
    """
    return x[1:3]
