"""The graph of one member's step, run for many members at once with their axis last.

`vmap` puts the member axis first, and a network of four units leaves a processor's vectors nearly empty: its inner
loops run over four numbers. With the member axis last they run over members. Nothing has to be written for that.
Broadcasting aligns shapes at the right, so that operations on entries stay as they are when every tensor, data too,
has one more axis at the end (of size one where all members share it); a matrix product becomes a product and a sum;
axes are counted from the front; and what has no rule here goes through `vmap`, operation by operation.

So the graph that `xorfunc.step` records for any `loss_fn` and any optimizer serves an ensemble too, and compiled it is
as fast as one written by hand.
"""

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree  # as in xorfunc.step

from xorfunc.step import FlatStep, aten

SMALL_PRODUCT = 2**15  # multiplications a member; above, a library's matrix product is worth its layout


def members_last(graph: fx.GraphModule) -> FlatStep:
    """The step of many members: leaves `[*shape, K]` and one batch for all, to leaves `[*shape, K]` and losses `[K]`.

    Args:
        graph: a flat step of one member, as `trace_step` gives it.

    >>> from xorfunc.step import trace_step
    >>> one = lambda w, x, y: (w - x.sum(), (w * x).sum())
    >>> graph = trace_step(one, [torch.tensor([1.0, 2.0])], torch.ones(2), torch.ones(2))
    >>> members_last(graph)(torch.zeros(2, 3), torch.ones(2), torch.ones(2))
    (tensor([[-2., -2., -2.],
            [-2., -2., -2.]]), tensor([0., 0., 0.]))
    """

    def step(*arguments: Tensor) -> tuple[Tensor, ...]:
        *leaves, x, y = arguments
        num_members = leaves[0].shape[-1]
        results = _MembersLast(graph).run(*leaves, x[..., None], y[..., None])
        # What no parameter has touched is the same for all members, and still has size one there.
        return tuple(
            result.expand(*result.shape[:-1], num_members).clone() if result.shape[-1] != num_members else result
            for result in results
        )

    return step


def core(graph: fx.GraphModule, *arguments: Tensor) -> fx.GraphModule:
    """The same graph in the few operations that others are made of, without any in place."""
    from torch._decomp import core_aten_decompositions
    from torch.fx.experimental.proxy_tensor import make_fx

    with torch.no_grad():
        functional = torch.func.functionalize(graph, remove="mutations")
        table: Any = core_aten_decompositions()  # annotated as one of more kinds of operations than make_fx asks for
        return make_fx(functional, decomposition_table=table)(*arguments)


class _MembersLast(fx.Interpreter):
    """Every tensor has one axis more than in the graph: the last, of size K, or 1 where members do not differ."""

    def get_attr(self, target: Any, args: Any, kwargs: Any) -> Any:
        return super().get_attr(target, args, kwargs)[..., None]

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        if target is operator.getitem:
            return target(*args, **kwargs)
        rule = RULES.get(target)
        if rule is None and torch.Tag.pointwise in getattr(target, "tags", ()):
            rule, args = target, _promoted(args)
        return (rule or _mapped(target))(*args, **kwargs)


def _mapped(op: Callable[..., Any]) -> Callable[..., Any]:
    """Any operation through `vmap`, over those of its tensors in which members differ."""

    def mapped(*args: Any, **kwargs: Any) -> Any:
        flat, spec = pytree.tree_flatten((args, kwargs))
        differing = [isinstance(leaf, Tensor) and leaf.shape[-1] != 1 for leaf in flat]
        plain = [
            leaf[..., 0] if isinstance(leaf, Tensor) and not d else leaf
            for leaf, d in zip(flat, differing, strict=True)
        ]
        tensors = [leaf for leaf, d in zip(plain, differing, strict=True) if d]

        def call(*members: Tensor) -> Any:
            rest = iter(members)
            filled = [next(rest) if d else leaf for leaf, d in zip(plain, differing, strict=True)]
            args, kwargs = pytree.tree_unflatten(filled, spec)
            # A backward that is not asked for some gradient gives None there, which vmap does not take.
            return pytree.tree_map(lambda result: torch.zeros(()) if result is None else result, op(*args, **kwargs))

        if not tensors:
            return pytree.tree_map_only(Tensor, lambda t: t[..., None], call())
        # Contiguous: torch 2.13's _cdist_backward gives wrong numbers for members that are not.
        return torch.func.vmap(call, out_dims=-1)(*(t.movedim(-1, 0).contiguous() for t in tensors))

    return mapped


def _rank(x: Tensor) -> int:
    return x.ndim - 1


def _promoted(args: Sequence[Any]) -> list[Any]:
    """The same, so that dtypes promote as for one member: what has no axes there does not widen what has some."""
    shaped = [t for t in args if isinstance(t, Tensor) and _rank(t)]

    def promoted(t: Any) -> Any:
        if not isinstance(t, Tensor) or _rank(t):
            return t
        alike = [s.dtype for s in shaped if _kind(s) == _kind(t)]
        return t.to(reduce(torch.promote_types, alike)) if alike else t

    return [promoted(t) for t in args]


def _kind(x: Tensor) -> tuple[bool, bool, bool]:
    return x.dtype.is_complex, x.dtype.is_floating_point, x.dtype == torch.bool


def _axes(x: Tensor, dims: int | Sequence[int] | None) -> list[int]:
    """Axes counted from the front, where the new last one does not shift them; all of them for none.

    A tensor without axes lets itself be reduced over axis 0 or -1. Here that would be the members', so it has none.
    """
    if not _rank(x) or dims is None or (isinstance(dims, Sequence) and not dims):
        return list(range(_rank(x)))
    return [d % _rank(x) for d in ([dims] if isinstance(dims, int) else dims)]


def _with_axis(op: Callable[..., Any]) -> Callable[..., Any]:
    """For an operation whose second argument is an axis."""

    def along(x: Tensor, dim: int = 0, *args: Any, **kwargs: Any) -> Any:
        return op(x, *_axes(x, dim), *args, **kwargs) if _rank(x) else op(x[None], 0, *args, **kwargs)[0]

    return along


def _over_axes(op: Callable[..., Any]) -> Callable[..., Any]:
    """For a reduction whose second argument are axes, all if it is left out."""

    def reduced(x: Tensor, dims: int | Sequence[int] | None = None, *args: Any, **kwargs: Any) -> Any:
        axes = _axes(x, dims)
        return op(x, axes, *args, **kwargs) if axes else op(x[None], [0], **kwargs)

    return reduced


def _mm(a: Tensor, b: Tensor) -> Tensor:
    if a.shape[0] * a.shape[1] * b.shape[1] > SMALL_PRODUCT:
        return _mapped(aten.mm.default)(a, b)
    return (a[:, :, None] * b[None]).sum(1)


def _bmm(a: Tensor, b: Tensor) -> Tensor:
    if a.shape[1] * a.shape[2] * b.shape[2] > SMALL_PRODUCT:
        return _mapped(aten.bmm.default)(a, b)
    return (a[:, :, :, None] * b[:, None]).sum(2)


def _addmm(c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    product = _mm(a, b)
    return (c if beta == 1 else beta * c) + (product if alpha == 1 else alpha * product)


def _permute(x: Tensor, dims: Sequence[int]) -> Tensor:
    return x.permute(*_axes(x, dims), _rank(x)) if dims else x


def _transpose(x: Tensor, a: int = 0, b: int = 1) -> Tensor:
    return x.transpose(*_axes(x, [a, b])) if _rank(x) else x


def _cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    members = max(t.shape[-1] for t in tensors)
    return torch.cat([t.expand(*t.shape[:-1], members) for t in tensors], *_axes(tensors[0], dim))


def _scatter(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """For an operation that puts its second argument into a part of the first."""

    def scattered(x: Tensor, part: Tensor, dim: int = 0, *args: Any, **kwargs: Any) -> Tensor:
        members = max(x.shape[-1], part.shape[-1])
        x, part = (t.expand(*t.shape[:-1], members) for t in (x, part))
        return op(x, part, *_axes(x, dim), *args, **kwargs)

    return scattered


def _squeeze(x: Tensor, dims: int | Sequence[int]) -> Tensor:
    return x.squeeze(tuple(_axes(x, dims))) if dims != [] else x


def _new(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """For an operation that makes a tensor from numbers alone."""
    return lambda *args, **kwargs: op(*args, **kwargs)[..., None]


RULES: dict[Any, Callable[..., Any]] = {
    aten.mm.default: _mm,
    aten.bmm.default: _bmm,
    aten.addmm.default: _addmm,
    aten.sum.default: _over_axes(torch.sum),
    aten.sum.dim_IntList: _over_axes(torch.sum),
    aten.mean.default: _over_axes(torch.mean),
    aten.mean.dim: _over_axes(torch.mean),
    aten.amax.default: _over_axes(torch.amax),
    aten.amin.default: _over_axes(torch.amin),
    aten.t.default: lambda x: _transpose(x) if _rank(x) == 2 else x,
    aten.transpose.int: _transpose,
    aten.permute.default: _permute,
    aten.view.default: lambda x, size: x.reshape(*size, x.shape[-1]),
    aten._unsafe_view.default: lambda x, size: x.reshape(*size, x.shape[-1]),
    aten.reshape.default: lambda x, size: x.reshape(*size, x.shape[-1]),
    aten.expand.default: lambda x, size: x.expand(*size, x.shape[-1]),
    aten.unsqueeze.default: lambda x, dim: x.unsqueeze(dim % (_rank(x) + 1)),
    aten.squeeze.dim: _squeeze,
    aten.squeeze.dims: _squeeze,
    aten.select.int: _with_axis(torch.select),
    aten.slice.Tensor: _with_axis(aten.slice.Tensor),
    aten._softmax.default: _with_axis(aten._softmax.default),
    aten._log_softmax.default: _with_axis(aten._log_softmax.default),
    aten.cat.default: _cat,
    aten.select_scatter.default: _scatter(torch.select_scatter),
    aten.slice_scatter.default: _scatter(aten.slice_scatter.default),
    aten.full.default: _new(torch.full),
    aten.scalar_tensor.default: _new(torch.scalar_tensor),
    aten.arange.start_step: _new(torch.arange),
    **{op: op for op in (aten.clone.default, aten._to_copy.default, aten.full_like.default)},
}
