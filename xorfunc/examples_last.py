"""The graph of one step on a batch, run with the batch's axis last.

A batch of 128 points in the plane is stored as 128 pairs, and the inner loops of compiled code run over the pair. With
the examples' axis last they run over examples, in whole vectors of a processor, as they do over members in
`xorfunc.members_last`. There every tensor has the new axis; here only some tensors have examples at all, and always as
their first axis. So the interpreter below carries which ones do, and a rule for an operation says what becomes of the
axis: it stays (most), it is summed away (a mean loss, a weight's gradient), or it moves. Where no rule holds, the axis
goes back to the front, the operation runs as it was recorded, and nothing is lost but time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree  # as in xorfunc.step

from xorfunc.members_last import SMALL_PRODUCT
from xorfunc.step import FlatStep, aten


@dataclass(frozen=True)
class Last:
    """A tensor `[N, *rest]`, stored as `[*rest, N]`."""

    stored: Tensor

    @property
    def first(self) -> Tensor:
        """The tensor as it was recorded, with its first axis first."""
        return self.stored.movedim(-1, 0)

    def axis(self, dim: int) -> int:
        """Where an axis of the recorded tensor is stored."""
        return (dim - 1) % self.stored.ndim

    def axes(self, dims: int | Sequence[int]) -> list[int]:
        """Where some axes of the recorded tensor are stored."""
        return [self.axis(dim) for dim in ([dims] if isinstance(dims, int) else dims)]


Value: TypeAlias = Tensor | Last


class _NoRule(Exception):
    """The operation is to run as recorded."""


def examples_last(graph: fx.GraphModule) -> FlatStep:
    """The same step for data with the examples' axis last: `(*leaves, x [*x, N], y [*y, N]) -> (*leaves, loss)`.

    Args:
        graph: a flat step, as `members_last.core` gives it.

    >>> from xorfunc.step import trace_step
    >>> one = lambda w, x, y: (w - x.mean(0), (x @ w - y).square().mean())
    >>> x, y = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), torch.ones(3)
    >>> step = examples_last(trace_step(one, [torch.ones(2)], x, y))
    >>> step(torch.ones(2), x.T.contiguous(), y)
    (tensor([-2., -3.]), tensor(46.6667))
    """

    def step(*arguments: Tensor) -> tuple[Tensor, ...]:
        *leaves, x, y = arguments
        return _first(_ExamplesLast(graph).run(*leaves, *(Last(data) if data.ndim else data for data in (x, y))))

    return step


def _first(tree: Any) -> Any:
    return pytree.tree_map_only(Last, lambda value: value.first, tree)


class _ExamplesLast(fx.Interpreter):
    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        if any(isinstance(leaf, Last) for leaf in pytree.tree_leaves((args, kwargs))):
            rule = RULES.get(target) or (_pointwise(target) if torch.Tag.pointwise in target.tags else None)
            try:
                if rule is not None:
                    return rule(*args, **kwargs)
            except _NoRule:
                pass
        return super().call_function(target, _first(args), _first(kwargs))


def _pointwise(op: Callable[..., Tensor]) -> Callable[..., Value]:
    """For an operation on entries: shapes are aligned at the right, as recorded, and then the first axis goes last."""

    def on_entries(*args: Any, **kwargs: Any) -> Value:
        _demand(not any(isinstance(leaf, Tensor | Last) for leaf in kwargs.values()))
        rank = max(_rank(leaf) for leaf in args if isinstance(leaf, Tensor | Last))

        def aligned(leaf: Any) -> Any:
            if isinstance(leaf, Last) and _rank(leaf) == rank:
                return leaf.stored
            plain = _first(leaf)
            # Without axes a tensor broadcasts anyway, and with some it would take part in the choice of dtype.
            if not isinstance(plain, Tensor) or plain.ndim == 0:
                return plain
            return plain[(None,) * (rank - plain.ndim)].movedim(0, -1)

        return Last(op(*map(aligned, args), **kwargs))

    return on_entries


def _rank(value: Value) -> int:
    return (value.stored if isinstance(value, Last) else value).ndim


def _demand(condition: bool) -> None:
    if not condition:
        raise _NoRule


def _mm(a: Value, b: Value) -> Value:
    """A product and a sum, over axes that are stored side by side."""
    if isinstance(a, Last) and isinstance(b, Tensor):  # [N, k] [k, m]
        _demand(a.stored.numel() * b.shape[1] <= SMALL_PRODUCT)
        return Last((b.T[:, :, None] * a.stored[None]).sum(1))
    if isinstance(a, Tensor) and isinstance(b, Last):  # [k, N] [N, m]
        _demand(b.stored.numel() * a.shape[0] <= SMALL_PRODUCT)
        return (a[:, None, :] * b.stored[None]).sum(-1)
    raise _NoRule


def _addmm(c: Value, a: Value, b: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    _demand(beta == alpha == 1)
    product = _mm(a, b)
    if isinstance(product, Last) or isinstance(c, Last):
        return _pointwise(torch.add)(c, product)
    return c + product


def _reduction(op: Callable[..., Tensor]) -> Callable[..., Value]:
    """For a reduction whose second argument are axes, all if it is left out."""

    def reduced(x: Last, dims: int | Sequence[int] | None = None, keepdim: bool = False, **kwargs: Any) -> Value:
        axes = x.axes(range(_rank(x)) if dims is None or dims == [] else dims)
        result = op(x.stored, axes, keepdim, **kwargs)
        if x.axis(0) not in axes:
            return Last(result)
        return Last(result).first if keepdim else result  # no examples any more

    return reduced


def _along(op: Callable[..., Tensor]) -> Callable[..., Value]:
    """For an operation whose second argument is an axis, which stays."""
    return lambda x, dim=0, *args, **kwargs: Last(op(x.stored, x.axis(dim), *args, **kwargs))


def _select(x: Last, dim: int, index: int) -> Value:
    part = x.stored.select(x.axis(dim), index)
    return part if x.axis(dim) == x.axis(0) else Last(part)


def _permute(x: Last, dims: Sequence[int]) -> Value:
    dims = [dim % _rank(x) for dim in dims]
    if dims == [*range(1, len(dims)), 0]:
        return x.stored
    _demand(dims[0] == 0)
    return Last(x.stored.permute(*x.axes(dims[1:]), x.axis(0)))


def _reshape(x: Last, size: Sequence[int]) -> Value:
    num_examples = x.stored.shape[-1]
    _demand(len(size) > 0 and size[0] == num_examples and -1 not in size)
    return Last(x.stored.reshape(*size[1:], num_examples))


def _expand(x: Last, size: Sequence[int]) -> Value:
    _demand(len(size) == _rank(x))
    return Last(x.stored.expand(*size[1:], size[0]))


def _unsqueeze(x: Last, dim: int) -> Value:
    dim %= _rank(x) + 1
    _demand(dim > 0)
    return Last(x.stored.unsqueeze(dim - 1))


def _squeeze(x: Last, dims: int | Sequence[int]) -> Value:
    axes = x.axes(dims)
    _demand(x.axis(0) not in axes)
    return Last(x.stored.squeeze(tuple(axes)))


def _alike(op: Callable[..., Tensor]) -> Callable[..., Value]:
    """For an operation to which axes are all the same; an order of memory was meant for the recorded ones."""
    return lambda x, *args, memory_format=None, **kwargs: Last(op(x.stored, *args, **kwargs))


RULES: dict[Any, Callable[..., Value]] = {
    aten.mm.default: _mm,
    aten.addmm.default: _addmm,
    aten.sum.default: _reduction(torch.sum),
    aten.sum.dim_IntList: _reduction(torch.sum),
    aten.mean.default: _reduction(torch.mean),
    aten.mean.dim: _reduction(torch.mean),
    aten.amax.default: _reduction(torch.amax),
    aten.amin.default: _reduction(torch.amin),
    aten._softmax.default: _along(aten._softmax.default),
    aten._log_softmax.default: _along(aten._log_softmax.default),
    aten.slice.Tensor: _along(aten.slice.Tensor),
    aten.select.int: _select,
    aten.permute.default: _permute,
    aten.view.default: _reshape,
    aten._unsafe_view.default: _reshape,
    aten.reshape.default: _reshape,
    aten.expand.default: _expand,
    aten.unsqueeze.default: _unsqueeze,
    aten.squeeze.dim: _squeeze,
    aten.squeeze.dims: _squeeze,
    **{op: _alike(op) for op in (aten.clone.default, aten._to_copy.default, aten.full_like.default)},
}
