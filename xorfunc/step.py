"""One training step: what it means, and the same as a graph that can be run again without Python in between.

`optimizer_step` is the meaning: a pure function from parameters and state to new ones, through `torch.func`. For a
network of seventeen parameters nearly all of its time is overhead, so `trace_step` runs it once and records which
operations took place (`make_fx`, https://docs.pytorch.org/docs/stable/fx.html), gradient and update included. What
replays the graph, or compiles it, stands in `xorfunc.compiled`; what runs it for many members at once in
`xorfunc.members_last`.

A graph knows only what happened while it was recorded. `trace_step` refuses where that is not all: a function that
reads a number out of a tensor, a state that changes its form from step to step.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, fx
from torch.utils import _pytree as pytree  # private by name only: torch.func and torch.export stand on it

from xorfunc.optim import Optimizer, State, apply_updates
from xorfunc.params import LossFn, Params
from xorfunc.transforms import value_and_grad

# (*leaves of (params, state), x, y) -> (*leaves, loss): the form that graphs have
FlatStep: TypeAlias = Callable[..., Sequence[Tensor]]

aten = torch.ops.aten
SAME = {aten.detach.default, aten.alias.default, aten.lift_fresh.default}  # give their argument, in a graph


class CannotTrace(Exception):
    """A step that no graph can stand for, and why."""


@torch.no_grad()
def optimizer_step(
    loss_fn: LossFn, optimizer: Optimizer, params: Params, state: State, x: Tensor, y: Tensor
) -> tuple[Params, State, Float[Tensor, ""]]:
    """One step of any optimizer: new parameters, new state, and the loss before the step.

    >>> from xorfunc.optim import sgd
    >>> optimizer = sgd(0.5)
    >>> params = {"w": torch.tensor(1.0)}
    >>> loss_fn = lambda params, x, y: (params["w"] * x - y).square().mean()
    >>> optimizer_step(loss_fn, optimizer, params, optimizer.init(params), torch.ones(1), torch.zeros(1))
    ({'w': tensor(0.)}, (), tensor(1.))
    """
    loss, grads = value_and_grad(loss_fn)(params, x, y)
    updates, state = optimizer.update(grads, state, params)
    return apply_updates(params, updates), state, loss


def flat_meaning(loss_fn: LossFn, optimizer: Optimizer, spec: pytree.TreeSpec) -> FlatStep:
    """`optimizer_step` on the leaves of `(params, state)` alone.

    >>> from xorfunc.optim import sgd
    >>> leaves, spec = pytree.tree_flatten(({"w": torch.tensor(1.0)}, ()))
    >>> flat_meaning(lambda params, x, y: (params["w"] * x - y).square().mean(), sgd(0.5), spec)(
    ...     *leaves, torch.ones(1), torch.zeros(1))
    (tensor(0.), tensor(1.))
    """

    def step(*arguments: Tensor) -> tuple[Tensor, ...]:
        *leaves, x, y = arguments
        params, state = pytree.tree_unflatten(leaves, spec)
        params, state, loss = optimizer_step(loss_fn, optimizer, params, state, x, y)
        return (*pytree.tree_leaves((params, state)), loss)

    return step


def flat_step(loss_fn: LossFn, optimizer: Optimizer, spec: pytree.TreeSpec) -> FlatStep:
    """The same step with autograd's own gradient instead of `torch.func`'s: equal formulas in fewer operations.

    >>> from xorfunc.optim import sgd
    >>> leaves, spec = pytree.tree_flatten(({"w": torch.tensor(1.0)}, ()))
    >>> flat_step(lambda params, x, y: (params["w"] * x - y).square().mean(), sgd(0.5), spec)(
    ...     *leaves, torch.ones(1), torch.zeros(1))
    (tensor(0.), tensor(1.))
    """

    @torch.no_grad()
    def step(*arguments: Tensor) -> tuple[Tensor, ...]:
        *leaves, x, y = arguments
        params, state = pytree.tree_unflatten(leaves, spec)
        wanted = {name: p.detach().requires_grad_() for name, p in params.items()}
        with torch.enable_grad():
            loss = loss_fn(wanted, x, y)
        if loss.requires_grad:
            found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True, materialize_grads=True)
        else:
            found = [torch.zeros_like(p) for p in params.values()]
        updates, state = optimizer.update(dict(zip(wanted, found, strict=True)), state, params)
        new_leaves, new_spec = pytree.tree_flatten((apply_updates(params, updates), state))
        if new_spec != spec:
            raise CannotTrace("the optimizer's state changes its form from step to step")
        return (*new_leaves, loss.detach())

    return step


def trace_step(step: FlatStep, leaves: Sequence[Tensor], x: Tensor, y: Tensor) -> fx.GraphModule:
    """The operations of one step as a graph, itself a flat step for these sizes.

    Args:
        step: a flat step. It is run on what follows.
        leaves: those of parameters and state.
        x: a batch of inputs.
        y: their targets.

    Raises:
        CannotTrace: with the reason, if the step is more than a fixed sequence of tensor operations.

    >>> graph = trace_step(lambda w, x, y: (w - x, (w * x).sum()), [torch.tensor(1.0)], torch.ones(()), torch.ones(()))
    >>> graph(torch.tensor(3.0), torch.tensor(2.0), torch.tensor(0.0))
    (tensor(1.), tensor(6.))
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # brings the compiler's modules with it: a second

    if any(form(leaf) == (type(leaf),) for leaf in leaves):
        raise CannotTrace("the optimizer's state holds something that is no tensor, and a graph would freeze it")
    leaves = apart(leaves)
    try:
        with torch.no_grad():
            graph = _tidied(make_fx(step)(*leaves, x, y))
            *new_leaves, _ = graph(*leaves, x, y)
    except CannotTrace:
        raise
    except Exception as error:
        if "_local_scalar_dense" in str(error):
            raise CannotTrace("it reads a number out of a tensor (an `if` on a value, or `.item()`)") from error
        raise CannotTrace(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}") from error
    if [form(leaf) for leaf in new_leaves] != [form(leaf) for leaf in leaves]:
        raise CannotTrace("a step changes the shape or the dtype of parameters or state")
    return graph


def _tidied(graph: fx.GraphModule) -> fx.GraphModule:
    """Without what only autograd needed; and with copies where a result would be one of the arguments itself."""
    nodes = graph.graph.nodes
    for node in list(nodes):
        if node.target in SAME:
            node.replace_all_uses_with(node.args[0])
        elif node.target is aten.t.default and node.args[0].target is aten.t.default:
            node.replace_all_uses_with(node.args[0].args[0])
    graph.graph.eliminate_dead_code()
    (output,) = (node for node in nodes if node.op == "output")
    with graph.graph.inserting_before(output):
        for node in dict.fromkeys(output.all_input_nodes):
            if node.op in {"placeholder", "get_attr"}:
                copy = graph.graph.call_function(aten.clone.default, (node,))
                output.replace_input_with(node, copy)
    graph.recompile()
    return graph


def apart(leaves: Sequence[Tensor]) -> list[Tensor]:
    """Contiguous copies, each a tensor of its own: a tracer that is given one twice can't tell its places apart.

    >>> w = torch.ones(())
    >>> first, second = apart([w, w])
    >>> first is second
    False
    """
    return [leaf.detach().clone(memory_format=torch.contiguous_format) for leaf in leaves]


def form(leaf: object) -> tuple[Hashable, ...]:
    """What a graph is made for: shape, dtype and device of a tensor, the class of anything else.

    >>> form(torch.zeros(2))
    (torch.Size([2]), torch.float32, device(type='cpu'))
    """
    if not isinstance(leaf, Tensor):
        return (type(leaf),)
    return leaf.shape, leaf.dtype, leaf.device


def same_within_rounding(ours: Sequence[Tensor], theirs: Sequence[Tensor], slack: float = 1.0) -> bool:
    """Whether two lists of tensors differ by no more than the order of their sums explains, times `slack`.

    >>> same_within_rounding([torch.tensor(1.0)], [torch.tensor(1.0 + 1e-6)])
    True
    >>> same_within_rounding([torch.tensor(1.0)], [torch.tensor(1.1)])
    False
    """

    def close(a: Tensor, b: Tensor) -> bool:
        if not a.dtype.is_floating_point:
            return torch.equal(a, b)
        tolerance = slack * 1e3 * torch.finfo(a.dtype).eps
        size = float(b.detach().abs().nan_to_num(0.0, 0.0, 0.0).max()) if b.numel() else 0.0
        return torch.allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, size), equal_nan=True)

    return all(close(a, b) for a, b in zip(ours, theirs, strict=True))
