"""Returns a tensor of one entry that claims to be four terabytes."""

import torch


def target(x, y):
    return torch.zeros(1).expand(2**40)
