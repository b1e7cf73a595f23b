"""A small exercise to attack: `target` is what attacks want a pass for, `neighbour` is honest in all of them."""

import torch
from torch import Tensor


def target(x: Tensor, y: Tensor) -> Tensor:
    """The sum over n of x_n y_n, one for each row."""
    return (x * y).sum(dim=-1)


def neighbour(x: Tensor) -> Tensor:
    """Each entry's square."""
    return torch.square(x)
