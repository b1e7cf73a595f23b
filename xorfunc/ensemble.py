"""Many networks at once: functions of one member become functions of all, with the member axis first.

An ensemble's parameters are one dict, in which every leaf is `[K, *shape]`: member i is the i-th slice of each. What
is written for one member is mapped over that axis by `torch.func.vmap`, so that a thousand members are one call. What
vmap cannot trace (it branches on a value, say, or seeds a `torch.Generator` by its key) runs for one member after
another, and gives the same. vmap has then tried it before: it must be pure, as all that this library takes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.utils import _pytree as pytree  # as in xorfunc.step

from xorfunc.backends import choose_run
from xorfunc.checkpoint import module_to_params
from xorfunc.compiled import Leaves, Run, batch_sizes, chunked, compiled, looped, traced
from xorfunc.members_last import core, members_last
from xorfunc.optim import Optimizer, sgd
from xorfunc.params import LogitsFn, LossFn, Params, require_names
from xorfunc.random import Key, split
from xorfunc.step import FlatStep, flat_meaning, flat_step, form, trace_step
from xorfunc.train import FitResult, require_runnable, run_epochs, train_step

MEMBERS_A_STEP = 12  # replayed together they take the time of one alone
CHUNK_FLOATS = 2**16  # a quarter of a megabyte: what a core's second cache holds beside the rest

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


def fit_ensemble(
    key: Key,
    init_fn: Callable[[Key], Params],
    loss_fn: LossFn,
    x: Shaped[Tensor, "N *x"],
    y: Shaped[Tensor, "N *y"],
    num_members: int,
    *,
    optimizer: Optimizer = sgd(0.1),  # noqa: B008 -- an optimizer is immutable
    num_epochs: int = 100,
    batch_size: int = 128,
    backend: str = "auto",
    progress: bool = False,
) -> FitResult:
    """Train many members at once, all on the same batches.

    With `init_key, fit_key = split(key)`, member i is what
    `fit(fit_key, loss_fn, init_fn(split(init_key, num_members)[i]), x, y, ...)` gives. Inside, members are cut into
    chunks that fit a processor's cache, with the member axis last, and chunks run on as many threads as torch has: what
    is needed beside parameters and losses grows with the chunk, not with the number of members.

    Args:
        key: a random key; it determines every member and the order of the examples.
        init_fn: gives the parameters of one member from a key.
        loss_fn: mean loss of a batch, for one member.
        x: inputs, seen by every member.
        y: their targets.
        num_members: K.
        optimizer: what turns gradients into steps, for one member.
        num_epochs: passes over the data.
        batch_size: examples a step.
        backend: as in `fit`. "eager" is `torch.func.vmap` of the step.
        progress: show a bar.

    Returns:
        For each name `[K, *shape]`, and losses `[K, num_epochs]`. Ctrl-C ends training early, as in `fit`.

    Raises:
        ValueError: if there is less than one member, or `fit` would raise it.

    >>> from xorfunc.random import key
    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> x = torch.ones(4)
    >>> fit_ensemble(key(0), lambda key: {"w": torch.tensor(0.0)}, loss_fn, x, x, 2, optimizer=sgd(0.25), num_epochs=2)
    FitResult(params={'w': tensor([0.7500, 0.7500])}, losses=tensor([[1.0000, 0.2500],
            [1.0000, 0.2500]]))
    """
    require_runnable(backend, num_epochs, batch_size, x, y)
    x, y = x.detach().contiguous(), y.detach().contiguous()  # as the batches are that graphs will be given
    init_key, fit_key = split(key)
    params = _checked(init_ensemble(init_key, init_fn, num_members))
    tree = params, _of_each(optimizer.init, params)
    first, spec = pytree.tree_flatten(pytree.tree_map(lambda leaf: leaf[0], tree))
    meaning = flat_meaning(loss_fn, optimizer, spec)
    num_chunks, chunk_size = _chunks(num_members, _floats_a_member(first, x[:batch_size]))
    padding = num_chunks * chunk_size - num_members  # equal chunks, so that one program serves all
    padded = pytree.tree_map(lambda leaf: torch.cat([leaf, leaf[:1].expand(padding, *leaf.shape[1:])]), tree)
    leaves = [
        part for chunk in zip(*(p.split(chunk_size) for p in pytree.tree_leaves(padded)), strict=True) for part in chunk
    ]
    one_chunk = leaves[: len(first)]

    eager = _for_each(meaning)
    mapped = _for_each(meaning, loop=False)  # a graph that repeats the step for each member takes minutes to prepare

    def compiled_chunk() -> Run:
        step = _members_last_step(flat_step(loss_fn, optimizer, spec), first, x, y, batch_size)
        chunk = [leaf.movedim(0, -1).contiguous() for leaf in one_chunk]
        run = compiled(step, _last(eager), chunk, x, y, batch_size, 1, one_thread=True)
        return _first(run)

    run = choose_run(
        backend,
        chunked(looped(eager, batch_size), num_chunks),
        {
            "traced": lambda: chunked(traced(mapped, eager, one_chunk, x, y, batch_size), num_chunks),
            "compiled": lambda: chunked(compiled_chunk(), num_chunks, torch.get_num_threads()),
        },
        loss_fn=loss_fn,
        situation=(
            *("ensemble", num_chunks, optimizer, str(spec)),
            *map(form, (*one_chunk, x, y)),
            *(batch_size, torch.get_default_dtype()),
        ),
        num_steps=num_epochs * -(-len(x) // batch_size) * max(1, num_members // MEMBERS_A_STEP),
    )
    leaves, losses = run_epochs(run, fit_key, leaves, x, y, num_epochs, progress)
    stacked = [torch.cat(list(leaves[i :: len(first)]))[:num_members].detach() for i in range(len(first))]
    trained, _ = pytree.tree_unflatten(stacked, spec)
    return FitResult(trained, losses.T[:num_members].contiguous())


def _chunks(num_members: int, floats_a_member: int) -> tuple[int, int]:
    """How many chunks of how many members: as many members as a cache holds, in whole vectors of a processor."""
    fitting = max(16, min(1024, CHUNK_FLOATS // floats_a_member))
    num_chunks = max(-(-num_members // fitting), min(torch.get_num_threads(), num_members // 64), 1)
    size = -(-num_members // num_chunks)
    if size > 16:
        size = -(-size // 16) * 16
    return -(-num_members // size), size


def _floats_a_member(leaves: Sequence[Tensor], x: Tensor) -> int:
    """What the largest tensor between a member's operations holds, about: a layer's outputs for a whole batch."""
    return len(x) * max([1, *(len(leaf) for leaf in leaves if leaf.ndim)])


def _for_each(step: FlatStep, loop: bool = True) -> FlatStep:
    """A flat step of one member for all; one after another where vmap fails, unless that is not wanted."""

    def steps(*arguments: Tensor) -> Sequence[Tensor]:
        *leaves, x, y = arguments
        members = {str(i): leaf for i, leaf in enumerate(leaves)}

        def step_one(member: Params) -> tuple[Tensor, ...]:
            return tuple(step(*member.values(), x, y))

        return _of_each(step_one, members) if loop else torch.func.vmap(step_one)(members)

    return steps


def _last(step: FlatStep) -> FlatStep:
    """A step of members first as one of members last."""

    def last(*arguments: Tensor) -> Sequence[Tensor]:
        *leaves, x, y = arguments
        return [result.movedim(0, -1) for result in step(*(leaf.movedim(-1, 0) for leaf in leaves), x, y)]

    return last


def _first(run: Run) -> Run:
    """A run of members last as one of members first."""

    def first(leaves: Leaves, xs: Tensor, ys: Tensor) -> Iterator[tuple[Leaves, Tensor]]:
        for after, losses in run([leaf.movedim(0, -1).contiguous() for leaf in leaves], xs, ys):
            yield [leaf.movedim(-1, 0) for leaf in after], losses

    return first


def _members_last_step(step: FlatStep, first: Sequence[Tensor], x: Tensor, y: Tensor, batch_size: int) -> FlatStep:
    """The same through the graph of one member's step."""
    steps: dict[int, FlatStep] = {}
    for size in batch_sizes(len(x), batch_size):
        batch = x[:size], y[:size]
        steps[size] = members_last(core(trace_step(step, first, *batch), *first, *batch))
    return lambda *arguments: steps[len(arguments[-1])](*arguments)


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
    """Equal trees of tensors as one tree of tensors with one more axis."""
    first: Any = results[0]
    if isinstance(first, dict) and all(isinstance(p, Tensor) for p in cast(dict[str, Any], first).values()):
        return cast(Result, _stacked_params(cast(Sequence[Params], results)))
    return pytree.tree_map(_stacked_leaf, *results)


def _stacked_leaf(*leaves: Any) -> Tensor:
    if not all(isinstance(leaf, Tensor) for leaf in leaves):
        raise ValueError(
            f"a function of one member gives {leaves[0]!r}: what members have is stacked, and so must be tensors, in "
            "tuples, lists and dicts. Make it a tensor, or leave it out: a state of nothing is ()."
        )
    return torch.stack(leaves)


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
