"""Returns tensors that are sparse, quantized, without data, or written over each other."""

import torch


def target(x, y):
    result = x[..., 0]
    kinds = [
        result.to_sparse(),
        torch.empty_like(result, device="meta"),
        torch.zeros(1, dtype=x.dtype).expand(result.shape),
        torch.nested.nested_tensor([result, result]),
        torch.conj(result.to(torch.complex64)).imag,
    ]
    return kinds[x.numel() % len(kinds)]
