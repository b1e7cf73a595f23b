"""Returns NaN, which differs from nothing by more than anything."""

import torch


def target(x, y):
    return torch.full_like(x[..., 0], torch.nan)
