"""Many networks at once: functions of one member become functions of all, with the member axis first.

An ensemble's parameters are one dict, in which every leaf is `[K, *shape]`: member i is the i-th slice of each. What
is written for one member is mapped over that axis by `torch.func.vmap`, so that a thousand members are one call. What
vmap cannot trace (it branches on a value, say, or seeds a `torch.Generator` by its key) runs for one member after
another, and gives the same. vmap has then tried it before: it must be pure, as all that this library takes.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from xorfunc.checkpoint import module_to_params
from xorfunc.params import LogitsFn, LossFn, Params, require_names
from xorfunc.random import Key, split
from xorfunc.train import train_step

Members = TypeVar("Members", Tensor, Params)
Result = TypeVar("Result")


def init_ensemble(key: Key, init_fn: Callable[[Key], Params], num_members: int) -> Params:
    """Parameters of K members, each drawn by a key of its own.

        member i = init_fn(split(key, num_members)[i])

    Args:
        key: a random key; it determines every member.
        init_fn: gives the parameters of one member from a key.
        num_members: K.

    Returns:
        For each name `[K, *shape]`. They do not require grad and share no memory with anything.

    Raises:
        ValueError: if there is less than one member, or their names, shapes or dtypes differ.

    >>> from xorfunc.model import init_params
    >>> from xorfunc.random import key
    >>> params = init_ensemble(key(0), lambda key: init_params(key, 2, 4, 1), num_members=10)
    >>> {name: tuple(p.shape) for name, p in params.items()}
    {'linear_h.weight': (10, 4, 2), 'linear_h.bias': (10, 4), 'linear_s.weight': (10, 1, 4), 'linear_s.bias': (10, 1)}
    """
    if num_members < 1:
        raise ValueError(f"num_members={num_members!r}: an ensemble has at least 1 member. Ask for more.")
    # A leaf that is the same for every key comes out of vmap as K views of one tensor: what is written to one shows in
    # all of them.
    return {name: p.detach().clone() for name, p in _of_each(init_fn, split(key, num_members)).items()}


def ensemble_logits(logits_fn: LogitsFn, params: Params, x: Shaped[Tensor, "N *x"]) -> Float[Tensor, "K N"]:
    """The logits of every member for the same data; differentiable in `params` and `x`.

    Args:
        logits_fn: gives the logits `[N]` of one member.
        params: for each name `[K, *shape]`.
        x: inputs, seen by every member.

    Raises:
        ValueError: if the leaves of `params` do not agree on the number of members.

    >>> ensemble_logits(lambda params, x: x @ params["w"], {"w": torch.eye(2)}, torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    return _of_each(lambda member: logits_fn(member, x), _checked(params))


def ensemble_step(
    loss_fn: LossFn, params: Params, x: Shaped[Tensor, "N *x"], y: Shaped[Tensor, "N *y"], lr: float
) -> tuple[Params, Float[Tensor, "K"]]:
    """One step of gradient descent for every member, as it would take it alone, all on the same batch.

        p_k' = p_k - lr d loss_fn(p_k, x, y) / d p_k

    Args:
        loss_fn: gives the loss of one member.
        params: for each name `[K, *shape]`.
        x: inputs, seen by every member.
        y: their targets.
        lr: the learning rate.

    Returns:
        The new parameters, and each member's loss before the step. They do not require grad.

    Raises:
        ValueError: if the leaves of `params` do not agree on the number of members, or `lr` is negative or not finite.

    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> ensemble_step(loss_fn, {"w": torch.tensor([1.0, 3.0])}, torch.ones(1), torch.zeros(1), lr=0.25)
    ({'w': tensor([0.5000, 1.5000])}, tensor([1., 9.]))
    """
    return _of_each(lambda member: train_step(loss_fn, member, x, y, lr), _checked(params))


def ensemble_probability(logits_fn: LogitsFn, params: Params, x: Shaped[Tensor, "N *x"]) -> Float[Tensor, "N"]:
    """P(Y=1) as the ensemble has it: the mean of its members' probabilities; differentiable in `params` and `x`.

        P(Y=1 | x) = 1/K sum_k sigmoid(s_k(x))

    Members that are sure and disagree make an ensemble that is unsure. The sigmoid of their mean logit would side with
    the loudest of them.

    Args:
        logits_fn: gives the logits `[N]` of one member.
        params: for each name `[K, *shape]`.
        x: inputs, seen by every member.

    Raises:
        ValueError: if the leaves of `params` do not agree on the number of members.

    >>> sure_and_opposed = {"w": torch.tensor([[40.0], [-20.0]])}
    >>> ensemble_probability(lambda params, x: x @ params["w"], sure_and_opposed, torch.ones(1, 1))
    tensor([0.5000])
    """
    return torch.sigmoid(ensemble_logits(logits_fn, params, x)).mean(dim=0)


def stack_modules(modules: Sequence[nn.Module]) -> Params:
    """The parameters of K modules of one class as those of one ensemble: copies, frozen ones too, without buffers.

    Args:
        modules: the members. They are left as they are, and what becomes of them later leaves the result alone.

    Returns:
        For each of the names of `named_parameters` `[K, *shape]`. They do not require grad.

    Raises:
        ValueError: if there is no module, or they are not of one class, or their parameters differ in name, shape or
            dtype.

    >>> {name: tuple(p.shape) for name, p in stack_modules([nn.Linear(2, 1) for _ in range(5)]).items()}
    {'weight': (5, 1, 2), 'bias': (5, 1)}
    """
    if not modules:
        raise ValueError("modules is empty: an ensemble has at least 1 member. Give a module or more.")
    first, *others = modules
    for i, module in enumerate(others, start=1):
        if type(module) is not type(first):
            raise ValueError(
                f"modules[{i!r}] is of class {type(module).__qualname__!r}, modules[0] of "
                f"{type(first).__qualname__!r}: one function must run all members. Make one ensemble of each class."
            )
    return _stacked([module_to_params(module) for module in modules])


def _of_each(f: Callable[[Members], Result], members: Members) -> Result:
    """What `f` gives for each member, stacked along a first axis.

    vmap has no class of its own for what it cannot trace, so any error leads to the loop. That tells which it was: the
    loop succeeds, or it raises what `f` raises for one member, with nothing of vmap around it.
    """
    with suppress(Exception):
        return torch.func.vmap(f)(members)
    return _stacked([f(member) for member in _unstacked(members)])


def _unstacked(members: Members) -> list[Members]:
    if isinstance(members, Tensor):
        return list(members.unbind())
    slices = {name: p.unbind() for name, p in members.items()}
    num_members = len(next(iter(slices.values())))
    return [{name: p[i] for name, p in slices.items()} for i in range(num_members)]


def _stacked(results: Sequence[Result]) -> Result:
    """Equal trees of tensors, in dicts and tuples, as one tree of tensors with one more axis."""
    first: Any = results[0]
    if isinstance(first, dict):
        return cast(Result, _stacked_params(cast(Sequence[Params], results)))
    if isinstance(first, tuple):
        columns = zip(*cast(Sequence[tuple[Any, ...]], results), strict=True)
        return cast(Result, tuple(_stacked(column) for column in columns))
    return cast(Result, torch.stack(cast(list[Tensor], results)))


def _stacked_params(members: Sequence[Params]) -> Params:
    first = members[0]
    for i, member in enumerate(members):
        require_names(member, first, f"member {i!r} of an ensemble")
        for name, p in member.items():
            if (p.shape, p.dtype) != (first[name].shape, first[name].dtype):
                raise ValueError(
                    f"{name!r} is {_form(p)} in member {i!r}, {_form(first[name])} in member 0: members of an ensemble "
                    "have equal shapes and dtypes. Were all made with the same sizes?"
                )
    return {name: torch.stack([member[name] for member in members]) for name in first}


def _checked(params: Params) -> Params:
    """The parameters themselves, if all leaves have the same number of members, and at least one."""
    sizes = {name: len(p) if p.ndim else None for name, p in params.items()}
    numbers = set(sizes.values())
    if len(numbers) != 1 or numbers & {None, 0}:
        shown = ", ".join(f"{name!r} {_form(params[name])}" for name in sorted(params)[:6]) or "no leaf"
        raise ValueError(
            f"params has {shown}: every leaf needs the same number of members, at least 1, as its first axis. "
            "Did init_ensemble or stack_modules make it?"
        )
    return params


def _form(p: Tensor) -> str:
    return f"{tuple(p.shape)!r} {p.dtype}"
