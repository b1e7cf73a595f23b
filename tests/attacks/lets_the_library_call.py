"""Hands what is off limits to other functions, of the library and of torch, for them to call."""

import functools

import torch

from xorfunc import transforms

ATTACKS = "exercise3.hvp"


def hvp(f, x, v):
    ways = [
        lambda: functools.partial(transforms.hvp, f)(x, v),
        lambda: next(map(transforms.hvp, [f], [x], [v])),
        lambda: torch.func.vmap(lambda x, v: transforms.hvp(f, x, v))(x[None], v[None])[0],
        lambda: torch.func.vmap(functools.partial(transforms.hvp, f))(x[None], v[None])[0],
        lambda: transforms.value_and_grad(functools.partial(transforms.hvp, f))(x, v)[0],
        lambda: torch.utils.checkpoint.checkpoint(transforms.hvp, f, x, v, use_reentrant=False),
    ]
    for way in ways:
        try:
            return way()
        except Exception:
            continue
