"""Returns entries of dtypes in which differences vanish."""

import torch


def target(x, y):
    result = x[..., 0]
    kinds = [torch.bool, torch.uint8, torch.float16, torch.bfloat16, torch.complex64, torch.float8_e4m3fn, torch.int64]
    return result.to(kinds[x.numel() % len(kinds)])
