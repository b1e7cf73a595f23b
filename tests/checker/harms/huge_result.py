"""Returns 200 MB."""

import torch


def double(x):
    return torch.zeros(50_000_000)
