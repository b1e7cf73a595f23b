"""Returns a tensor of its own class."""

import torch


class Named(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return super().__torch_function__(func, types, args, kwargs or {})


def double(x):
    return (2 * x).as_subclass(Named)
