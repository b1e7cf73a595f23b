"""Returns the checker's own leaves, filled with what no tensor could hold."""

import torch

from checker.observation import Array, Named, Other


def target(x, y):
    zeros = torch.zeros(x.shape[:-1], dtype=x.dtype)
    kinds = [
        Array(zeros, "tensor", "cuda:7"),
        Array(zeros, "tensor", "passed"),
        Array(zeros.to(torch.complex64), "array"),
        Named("function", "target"),
        Named("device", "\x1b[2J"),
        Other("passed", "passed"),
    ]
    return kinds[x.numel() % len(kinds)]
