"""Asks for 50 GB at once."""

import torch


def double(x):
    return torch.empty(50_000_000_000, dtype=torch.uint8).fill_(1)
