"""Returns a tensor that has escaped from vmap."""

import torch

escaped = []


def keep(x):
    escaped.append(x)
    return x


def double(x):
    torch.vmap(keep)(x)
    return escaped[-1]
