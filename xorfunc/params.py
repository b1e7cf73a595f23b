"""The parameter dict: the one thing every function of this library passes around.

A network is a function of its parameters, and its parameters are a plain dict from names to tensors, named as the
`state_dict` of the matching module. Nothing hides in an object, so `torch.func` can differentiate, batch and stack
the whole network by looking at one argument. What the dict is read by stands in `xorfunc.model`, what moves it
downhill in `xorfunc.optim`.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

from torch import Tensor

Params: TypeAlias = dict[str, Tensor]  # named as the module's state_dict
LogitsFn: TypeAlias = Callable[[Params, Tensor], Tensor]  # (params, x [N, D]) -> logits [N]
LossFn: TypeAlias = Callable[[Params, Tensor, Tensor], Tensor]  # (params, x [N, D], y [N]) -> loss []


def require_names(params: Params, expected: Collection[str], needed_by: str) -> None:
    """Raise unless the names of `params` are exactly `expected`, in any order.

    Args:
        params: the dict that was given.
        expected: every name that must be there, and no other.
        needed_by: the function that asks, for the message.

    Raises:
        ValueError: if a name is missing or one too many.

    >>> import torch
    >>> require_names({"w": torch.zeros(2)}, ["w", "b"], "predict")
    Traceback (most recent call last):
    ...
    ValueError: params has no 'b' (it has 'w'): predict needs exactly 'b', 'w'. Do they come from the same model?
    """
    missing = sorted(set(expected) - set(params))
    unexpected = sorted(set(params) - set(expected))
    if not missing and not unexpected:
        return
    given = f"params has no {_listed(missing)}" if missing else f"params has also {_listed(unexpected)}"
    raise ValueError(
        f"{given} (it has {_listed(sorted(params))}): {needed_by} needs exactly {_listed(sorted(expected))}. "
        "Do they come from the same model?"
    )


def _listed(names: list[str]) -> str:
    shown = [repr(name) for name in names[:6]] + ["..."] * (len(names) > 6)
    return ", ".join(shown) or "no name"
