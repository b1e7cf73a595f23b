"""Exercise 9: from logits to decisions, and how good they are.

The network is trained; now it has to decide. It says Y = 1 where that is at least as likely as Y = 0, and how often it
is right is its accuracy. A single number hides which mistakes are made: the confusion matrix counts them by class, and
the probabilities over a grid show where in the plane they are made, which is the picture of continuous XOR that the
course has been heading for.

Nothing is learned here, so that no computation graph is needed: it would cost memory, and nobody would use it.

Write each function, then run `xor-check exercise9`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Params = dict[str, Tensor]
LogitsFn = Callable[[Params, Tensor], Tensor]  # (params, x [N, 2]) -> logits [N]


def predict(s: Tensor) -> Tensor:
    """Give the label that each logit decides for: 1 where P(Y = 1) >= 0.5, otherwise 0.

    Where both are equally likely, at s = 0, the label is 1. `accuracy` and `evaluate` decide in the same way.

    Args:
        s: logits, of any shape.

    Returns:
        Labels, int64 zeros and ones, in the shape of `s`.

    >>> predict(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([0, 1, 1])
    """
    return (s >= 0).long()


def accuracy(s: Tensor, y: Tensor) -> Tensor:
    """Give the fraction of examples whose logit decides for the right label.

    `evaluate` gives the same number for data that comes in batches.

    Args:
        s: logits, [N], N >= 1.
        y: labels, [N], int64 zeros and ones.

    Returns:
        A number between 0 and 1, a scalar tensor of floats.

    >>> accuracy(torch.tensor([-2.0, 3.0]), torch.tensor([0, 0]))
    tensor(0.5000)
    """
    return (predict(s) == y).float().mean()


def evaluate(logits_fn: LogitsFn, params: Params, batches: list[tuple[Tensor, Tensor]]) -> float:
    """Give the accuracy over all examples of all batches.

    Batches may be of unequal size, and every example counts the same. No computation graph is built, also where the
    parameters require grad. The ensemble of exercise 12 is compared with a single network by it.

    Args:
        logits_fn: maps the parameters and points, [N, 2], to logits, [N].
        params: the parameters.
        batches: pairs of points, [N, 2], and labels, [N].

    Returns:
        A number between 0 and 1, a Python float.

    >>> batches = [
    ...     (torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]), torch.tensor([1, 1, 1])),
    ...     (torch.tensor([[4.0, 0.0]]), torch.tensor([0])),
    ... ]
    >>> evaluate(lambda params, x: params["w"] * x[:, 0], {"w": torch.tensor(1.0)}, batches)
    0.75
    """
    right, examples = 0, 0
    with torch.no_grad():
        for x, y in batches:
            right += (predict(logits_fn(params, x)) == y).sum().item()
            examples += len(y)
    return right / examples


def confusion_matrix(predicted: Tensor, y: Tensor) -> Tensor:
    """Count how often each class was taken for each.

        result[i, j] = number of examples of class i that were predicted to be of class j

    What is right stands on the diagonal. It tells a network that has not learned from one that always says 1.

    Args:
        predicted: labels that were predicted, [N], int64 zeros and ones.
        y: true labels, [N], int64 zeros and ones.

    Returns:
        The counts, [2, 2], int64: a row for each true class, a column for each predicted one.

    >>> confusion_matrix(predicted=torch.tensor([0, 1, 1]), y=torch.tensor([0, 0, 1]))
    tensor([[1, 1],
            [0, 1]])
    """
    counts = [((y == i) & (predicted == j)).sum() for i in range(2) for j in range(2)]
    return torch.stack(counts).reshape(2, 2)


def probability_grid(logits_fn: LogitsFn, params: Params, low: float, high: float, steps: int) -> Tensor:
    """Give P(Y = 1) on a square grid of the plane.

        result[i, j] = P(Y = 1) at (x1, x2) = (axis[j], axis[i])

    The `axis` has `steps` numbers from `low` to `high`, both included, at equal distances. A row is a value of x2, so
    that the first row is the lowest edge of the picture and matplotlib shows it upright with `origin="lower"`. This is
    the picture in which exercise 12 shows what an ensemble has learned.

    Args:
        logits_fn: maps the parameters and points, [N, 2], to logits, [N].
        params: the parameters; the grid has their dtype and device.
        low: the first coordinate, in both directions.
        high: the last coordinate, in both directions.
        steps: how many points there are in each direction, at least 2.

    Returns:
        Probabilities, [steps, steps].

    >>> probability_grid(lambda params, x: params["w"] * x[:, 0], {"w": torch.tensor(100.0)}, -1.0, 1.0, 3)
    tensor([[0.0000, 0.5000, 1.0000],
            [0.0000, 0.5000, 1.0000],
            [0.0000, 0.5000, 1.0000]])
    """
    like = next(iter(params.values()))
    axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)
    x2, x1 = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack([x1.flatten(), x2.flatten()], dim=1)
    return torch.sigmoid(logits_fn(params, points)).reshape(steps, steps)
