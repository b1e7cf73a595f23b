"""The members-last step against `vmap` of the one-member step, for many losses, optimizers and sizes."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xorfunc.strategies import dtypes, labels, normal, seeds
from tests.xorfunc.test_backends import OPTIMIZERS
from xorfunc import members_last as module
from xorfunc.likelihood import loss_bce, loss_bernoulli, loss_where
from xorfunc.members_last import RULES, core, members_last
from xorfunc.optim import adam, sgd
from xorfunc.step import aten, flat_meaning, flat_step, pytree, trace_step

pytestmark = pytest.mark.usefixtures("no_shape_checks")

CLOSE = {torch.float32: {"rtol": 1e-4, "atol": 1e-5}, torch.float64: {"rtol": 1e-9, "atol": 1e-10}}


def hidden(p, x):
    return torch.tanh(x @ p["w"].T + p["b"])


LOSSES = {
    "bce": lambda p, x, y: loss_bce(hidden(p, x) @ p["v"], y),
    "where": lambda p, x, y: loss_where(hidden(p, x) @ p["v"], y),
    "bernoulli": lambda p, x, y: loss_bernoulli(hidden(p, x) @ p["v"], y),
    "relu and penalty": lambda p, x, y: (
        loss_bce(torch.relu(x @ p["w"].T) @ p["v"] + p["s"], y) + 0.1 * sum(q.square().sum() for q in p.values())
    ),
    "softmax": lambda p, x, y: F.cross_entropy(hidden(p, x), y.clamp(max=p["b"].shape[0] - 1)),
    "gelu, layer norm": lambda p, x, y: (
        F.layer_norm(F.gelu(x @ p["w"].T), p["b"].shape, p["v"], p["b"]).square().mean()
    ),
    "einsum": lambda p, x, y: torch.einsum("nd,hd,h->n", x, p["w"], p["v"]).square().mean(),
    "bmm": lambda p, x, y: torch.bmm(x[None], p["w"].T[None]).tanh().sum(),
    "cat, stack, flatten": lambda p, x, y: torch.stack(
        [torch.cat([hidden(p, x), x], -1).flatten().sum(), p["s"]]
    ).prod(),
    "variance": lambda p, x, y: (hidden(p, x) + y[:, None]).var(-1, correction=0).mean() + p["w"].std(correction=0),
    "extremes": lambda p, x, y: hidden(p, x).amax(-1).mean() + hidden(p, x).amin(0).sum() + p["w"].logsumexp((0, 1)),
    "cumulated": lambda p, x, y: (hidden(p, x).cumsum(0) ** 2).mean(),
    "sorted": lambda p, x, y: hidden(p, x).sort(-1).values[:, 0].mean(),
    "indexed": lambda p, x, y: p["v"][y.clamp(max=p["b"].shape[0] - 1)].square().mean(),
    "transposed": lambda p, x, y: (p["w"].T.reshape(-1).view(p["w"].shape) * p["w"]).sum() + x.permute(1, 0).mean(),
    "data alone": lambda p, x, y: x.square().mean(),
    "one parameter": lambda p, x, y: (p["s"] - x.mean()) ** 2,
}


def problem(seed, num, d, h, members, dtype):
    shapes = {"w": (h, d), "b": (h,), "v": (h,), "s": ()}
    params = {name: normal(seed + i, (members, *shape), dtype) for i, (name, shape) in enumerate(shapes.items())}
    return params, normal(seed + 9, (num, d), dtype), labels(seed, num)


def assert_same_step(loss, optimizer, params, x, y):
    """One step from a state that is no longer the first."""
    one = {name: p[0] for name, p in params.items()}
    first, spec = pytree.tree_flatten((one, optimizer.init(one)))
    graph = core(trace_step(flat_step(loss, optimizer, spec), first, x, y), *first, x, y)
    leaves = pytree.tree_leaves((params, torch.func.vmap(optimizer.init)(params)))
    meaning = torch.func.vmap(flat_meaning(loss, optimizer, spec), in_dims=(*[0] * len(leaves), None, None))
    *leaves, _ = meaning(*leaves, x, y)
    last = [leaf.movedim(0, -1).contiguous() for leaf in leaves]
    with torch.no_grad():
        ours = [result.movedim(-1, 0) for result in members_last(graph)(*last, x, y)]
    torch.testing.assert_close(ours, list(meaning(*leaves, x, y)), **CLOSE[x.dtype])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@settings(max_examples=3)
@given(
    seed=seeds,
    num=st.integers(1, 7),
    d=st.integers(1, 3),
    h=st.integers(1, 4),
    members=st.sampled_from([1, 2, 5, 16]),
    dtype=dtypes,
)
def test_any_loss_steps_as_under_vmap(loss, seed, num, d, h, members, dtype):
    assert_same_step(loss, sgd(0.1), *problem(seed, num, d, h, members, dtype))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 3])
def test_sizes_that_coincide_are_not_confused(size):
    for loss in LOSSES.values():
        assert_same_step(loss, sgd(0.1), *problem(0, size, size, size, size, torch.float64))


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("loss", ["bce", "relu and penalty"])
def test_any_optimizer_steps_as_under_vmap(optimizer, loss):
    # Float32, as a schedule's rate is.
    assert_same_step(LOSSES[loss], optimizer, *problem(1, 5, 2, 3, 4, torch.float32))


def test_large_products_go_through_the_library(monkeypatch):
    monkeypatch.setattr(module, "SMALL_PRODUCT", 1)
    for loss in ("bce", "bmm", "softmax"):
        assert_same_step(LOSSES[loss], adam(0.1), *problem(2, 4, 2, 3, 5, torch.float64))


CASES = {
    aten.sum.default: [((2, 3),), ((),)],
    aten.sum.dim_IntList: [((2, 3), [-1]), ((2, 3), [0], True), ((2, 3, 4), [0, -1]), ((3,), [0]), ((2, 3), [])],
    aten.mean.default: [((2, 3),), ((),)],
    aten.mean.dim: [((2, 3), [-1]), ((2, 3, 4), [-2], True), ((2, 3), [])],
    aten.amax.default: [((2, 3), [-1]), ((2, 3), [0], True), ((2, 3),)],
    aten.amin.default: [((2, 3), [-2]), ((4,), [-1]), ((2, 3),)],
    aten.t.default: [((2, 3),), ((3,),), ((),)],
    aten.transpose.int: [((2, 3, 4), -1, 0), ((2, 3), 0, 1)],
    aten.permute.default: [((2, 3, 4), [2, 0, -2]), ((2, 3), [-1, 0])],
    aten.view.default: [((2, 6), [3, -1]), ((2, 3), [6]), ((1,), [])],
    aten.reshape.default: [((2, 6), [-1, 3, 2])],
    aten._unsafe_view.default: [((2, 6), [4, 3])],
    aten.expand.default: [((1, 3), [4, 2, 3]), ((3,), [2, -1])],
    aten.unsqueeze.default: [((2, 3), -1), ((2, 3), 0), ((2, 3), -2), ((), 0), ((), -1)],
    aten.squeeze.dim: [((2, 1, 3), -2), ((2, 3), 0)],
    aten.squeeze.dims: [((1, 2, 1), [0, -1])],
    aten.select.int: [((2, 3), -1, 1), ((2, 3), 0, -1)],
    aten.slice.Tensor: [((4, 3), 0, 1, 3), ((4, 3), -1, 0, 2), ((5, 3), 0, 0, 5, 2)],
    aten._softmax.default: [((2, 3), -1, False), ((2, 3), 0, False)],
    aten._log_softmax.default: [((2, 3), -1, False)],
    aten.mm.default: [((2, 3), (3, 4))],
    aten.bmm.default: [((2, 3, 4), (2, 4, 5))],
    aten.addmm.default: [((4,), (2, 3), (3, 4)), ((2, 4), (2, 3), (3, 4))],
    aten.select_scatter.default: [((2, 3), (2,), -1, 1), ((2, 3), (3,), 0, -1)],
    aten.slice_scatter.default: [((4, 3), (2, 3), 0, 1, 3), ((4, 3), (4, 1), -1, 2, 3)],
    aten.clone.default: [((2, 3),)],
    aten._to_copy.default: [((2, 3),)],
}


def test_every_rule_is_tried():
    from_numbers = {aten.full.default, aten.scalar_tensor.default, aten.arange.start_step, aten.full_like.default}
    assert set(CASES) == set(RULES) - from_numbers - {aten.cat.default}


@pytest.mark.parametrize("op", CASES, ids=str)
@pytest.mark.parametrize("shared", [(), (0,), (1,)], ids=["all differ", "first shared", "second shared"])
def test_a_rule_is_its_operation_under_vmap(op, shared):
    for arguments in CASES[op]:
        num_members, tensors, ours, theirs, in_dims = 5, 0, [], [], []
        for argument in arguments:
            if not isinstance(argument, tuple):
                ours.append(argument)
                theirs.append(argument)
                in_dims.append(None)
                continue
            if tensors in shared:
                x = normal(tensors, argument)
                ours.append(x[..., None])
                theirs.append(x)
                in_dims.append(None)
            else:
                x = normal(tensors, (*argument, num_members))
                ours.append(x)
                theirs.append(x)
                in_dims.append(-1)
            tensors += 1
        if all(d is None for d in in_dims):
            expected = op(*theirs)[..., None]
        else:
            expected = torch.func.vmap(op, in_dims=tuple(in_dims), out_dims=-1)(*theirs)
        actual = RULES[op](*ours)
        torch.testing.assert_close(actual.expand_as(expected), expected)


@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_concatenation_joins_what_members_share_with_what_they_do_not(dim):
    a, b = normal(0, (2, 3, 5)), normal(1, (2, 3))
    expected = torch.func.vmap(lambda a: torch.cat([a, b], dim), in_dims=-1, out_dims=-1)(a)
    torch.testing.assert_close(RULES[aten.cat.default]([a, b[..., None]], dim), expected)
