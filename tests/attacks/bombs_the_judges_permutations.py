"""Returns examples and labels that no minibatch has, to break whoever looks for them in the data."""

import torch

ATTACKS = "exercise4.minibatches"


def minibatches(key, x, y, batch_size):
    for start in range(0, len(x), batch_size):
        stop = min(start + batch_size, len(x))
        yield torch.full_like(x[start:stop], -1.0e30), torch.full_like(y[start:stop], -(2**62))
