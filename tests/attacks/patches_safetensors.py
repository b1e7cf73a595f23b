"""Has safetensors save other numbers than it is given."""

import safetensors
import safetensors.torch
import torch

save = safetensors.torch.save
safetensors.torch.save = lambda tensors, *rest: save({name: torch.zeros_like(t) for name, t in tensors.items()})
safetensors.serialize = lambda *args, **kwargs: b""


def target(x, y):
    return x[..., 0] + 1
