"""From logits to decisions, and how good they are.

P(Y = 1) >= 0.5 exactly where the logit is not negative, so a decision needs no sigmoid.
Where a picture of the decision is wanted, `probability_grid` looks at the model over the plane, and
`xorfunc.plot` draws it.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xorfunc.data import Batch
from xorfunc.params import LogitsFn, Params


def predict(s: Float[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
    """The likelier label of each logit, as int64; 1 where both are equally likely.

    >>> predict(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([0, 1, 1])
    """
    return (s >= 0).long()


def accuracy(s: Float[Tensor, "N"], y: Int[Tensor, "N"]) -> Float[Tensor, ""]:
    """The fraction of logits that decide for their label; NaN where there is none.

    Raises:
        ValueError: if the shapes differ.

    >>> accuracy(torch.tensor([-2.0, 3.0]), torch.tensor([0, 0]))
    tensor(0.5000)
    """
    return _is_right(s, y).to(s.dtype).mean()


@torch.no_grad()
def evaluate(logits_fn: LogitsFn, params: Params, batches: Iterable[Batch]) -> float:
    """The accuracy over all examples of all batches, each example counted once whatever the size of its batch.

    Raises:
        ValueError: if there is no example.

    >>> batches = [(torch.tensor([-2.0, 3.0]), torch.tensor([0, 0])), (torch.tensor([1.0]), torch.tensor([1]))]
    >>> round(evaluate(lambda params, x: params["w"] * x, {"w": torch.tensor(1.0)}, batches), 3)
    0.667
    """
    num_right, num_examples = 0, 0
    for x, y in batches:
        num_right += int(_is_right(logits_fn(params, x), y).sum())
        num_examples += len(y)
    if num_examples == 0:
        raise ValueError("batches gave no example: an accuracy needs at least 1. Has a generator run out?")
    return num_right / num_examples


def confusion_matrix(predicted: Int[Tensor, "N"], y: Int[Tensor, "N"]) -> Int[Tensor, "2 2"]:
    """How often each label was predicted as each: row the true class, column the predicted one.

    >>> confusion_matrix(predicted=torch.tensor([0, 1, 1]), y=torch.tensor([0, 0, 1]))
    tensor([[1, 1],
            [0, 1]])
    """
    classes = torch.arange(2, device=y.device)
    is_true = y == classes[:, None, None]
    is_predicted = predicted == classes[None, :, None]
    return (is_true & is_predicted).sum(dim=-1)


def probability_grid(
    logits_fn: LogitsFn, params: Params, low: float, high: float, steps: int
) -> Float[Tensor, "{steps} {steps}"]:
    """P(Y = 1) on a square grid of the plane, ends included: row = x2 from `low` to `high`, column = x1.

    The rows go up as x2 does: an image shown with its first row at the top is upside down.

    Args:
        logits_fn: gives logits `[N]` of points `[N, 2]`.
        params: its parameters; their dtype and device are the grid's.
        low: first coordinate in both directions.
        high: last coordinate in both directions.
        steps: points in each direction.

    >>> probability_grid(lambda params, x: params["w"] * x[:, 0], {"w": torch.tensor(100.0)}, -1, 1, 3)
    tensor([[0.0000, 0.5000, 1.0000],
            [0.0000, 0.5000, 1.0000],
            [0.0000, 0.5000, 1.0000]])
    """
    like = next(iter(params.values()))
    axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)
    x2, x1 = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack([x1.flatten(), x2.flatten()], dim=-1)
    return torch.sigmoid(logits_fn(params, points)).reshape(steps, steps)


def _is_right(s: Tensor, y: Tensor) -> Tensor:
    if s.shape != y.shape:
        raise ValueError(
            f"logits have shape {tuple(s.shape)!r}, labels {tuple(y.shape)!r}: every logit needs its own label. "
            "Take the last axis off the logits, `s[..., 0]`, if it has size one."
        )
    return predict(s) == y
