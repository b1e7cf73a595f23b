"""One step, three times: as it is meant, on leaves, and as a graph; and what no graph can stand for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils import _pytree as pytree

from tests.xorfunc.problems import linear_gradient, linear_loss, network_loss
from tests.xorfunc.strategies import dtypes, normal, seeds, sizes, tensors, training_problems
from xorfunc.optim import Optimizer, adam, adamw, apply_updates, momentum, sgd
from xorfunc.schedules import cosine_decay
from xorfunc.step import (
    CannotTrace,
    apart,
    flat_meaning,
    flat_step,
    form,
    optimizer_step,
    same_within_rounding,
    trace_step,
)
from xorfunc.transforms import value_and_grad

# torch.func and autograd itself take the same operations in another order, and adam divides by what they leave.
CLOSE = {torch.float32: {"rtol": 1e-4, "atol": 1e-5}, torch.float64: {"rtol": 1e-10, "atol": 1e-12}}

OPTIMIZERS = {
    "sgd": sgd(0.1),
    "nesterov": momentum(0.1, nesterov=True),
    "adam": adam(0.01),
    "adamw with a schedule": adamw(cosine_decay(0.01, 10)),
}
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def steps_of(loss_fn, optimizer, params, x, y):
    """The leaves of a start, and each way to step from them."""
    leaves, spec = pytree.tree_flatten((params, optimizer.init(params)))
    meaning, step = flat_meaning(loss_fn, optimizer, spec), flat_step(loss_fn, optimizer, spec)
    return leaves, meaning, step, trace_step(step, leaves, x, y)


@given(num=sizes, size=sizes, seed=seeds, dtype=dtypes)
def test_a_step_of_sgd_is_the_gradient_by_hand(num, size, seed, dtype):
    params = {"w": normal(seed, (size,), dtype), "unused": normal(seed + 1, (2,), dtype)}
    x, y = normal(seed + 2, (num, size), dtype), normal(seed + 3, (num,), dtype)
    stepped, state, loss = optimizer_step(linear_loss, sgd(0.5), params, (), x, y)
    torch.testing.assert_close(stepped["w"], params["w"] - 0.5 * linear_gradient(params, x, y)["w"], **CLOSE[dtype])
    torch.testing.assert_close(loss, linear_loss(params, x, y))
    assert state == ()
    assert torch.equal(stepped["unused"], params["unused"])


@each_optimizer
@settings(max_examples=8)  # each is traced
@given(problem=training_problems())
def test_on_leaves_and_as_a_graph_it_is_the_same_step(optimizer, problem):
    params, x, y = problem
    leaves, meaning, step, graph = steps_of(network_loss, optimizer, params, x, y)
    state = optimizer.init(params)
    for _ in range(3):
        expected = meaning(*leaves, x, y)
        params, state, loss = optimizer_step(network_loss, optimizer, params, state, x, y)
        torch.testing.assert_close(expected, (*pytree.tree_leaves((params, state)), loss), rtol=0, atol=0)
        for other in (step(*leaves, x, y), graph(*leaves, x, y)):
            torch.testing.assert_close(tuple(other), expected, **CLOSE[x.dtype])
            assert not any(leaf.requires_grad for leaf in other)
        *leaves, _ = expected


@settings(max_examples=10)
@given(problem=training_problems(), seed=seeds)
def test_a_graph_steps_from_other_parameters_on_other_data_too(problem, seed):
    params, x, y = problem
    leaves, meaning, _, graph = steps_of(network_loss, momentum(0.1), params, x, y)
    leaves = [normal(seed + i, leaf.shape, leaf.dtype) for i, leaf in enumerate(leaves)]
    x, y = normal(seed, x.shape, x.dtype), 1 - y
    torch.testing.assert_close(tuple(graph(*leaves, x, y)), meaning(*leaves, x, y), **CLOSE[x.dtype])


def unrelated(params, x, y):
    return x.sum() + y.sum()


def written(params, x, y):
    s = torch.zeros(len(x))
    s[:] = x @ params["w"]
    s += params["b"]
    return (s - y).square().mean()


def mapped(params, x, y):
    return torch.func.vmap(lambda x, y: (x @ params["w"] + params["b"] - y).square())(x, y).mean()


def differentiated(params, x, y):
    slope = torch.func.vmap(torch.func.grad(lambda x: torch.tanh(x @ params["w"] + params["b"])))(x)
    return (slope.sum(1) - y).square().mean()


def held(params, x, y):
    with torch.no_grad():
        target = x @ params["w"] + y
    return (x @ params["w"] + params["b"] - target).square().mean()


def branched_on_a_shape(params, x, y):
    return (x @ params["w"] + params["b"] - y).square().mean() * (2.0 if len(x) > 3 else 1.0)


constant = torch.nn.Parameter(torch.tensor([0.5, -2.0]))


def with_a_constant(params, x, y):
    return ((x * constant) @ params["w"] + params["b"] - y).square().mean()


@pytest.mark.parametrize(
    "loss_fn",
    [unrelated, written, mapped, differentiated, held, branched_on_a_shape, with_a_constant],
    ids=lambda f: f.__name__,
)
def test_any_pure_loss_has_a_graph(loss_fn):
    params = {"w": normal(0, (2,)), "b": normal(1, ()), "unused": normal(2, (0, 3))}
    x, y = normal(3, (5, 2)), normal(4, (5,))
    leaves, meaning, step, graph = steps_of(loss_fn, adam(0.01), params, x, y)
    x, y = normal(5, (5, 2)), normal(6, (5,))
    for _ in range(2):
        expected = meaning(*leaves, x, y)
        torch.testing.assert_close(tuple(step(*leaves, x, y)), expected, **CLOSE[torch.float32])
        torch.testing.assert_close(tuple(graph(*leaves, x, y)), expected, **CLOSE[torch.float32])
        *leaves, _ = expected
    assert constant.grad is None


def test_a_graph_gives_tensors_that_are_not_its_arguments():
    leaves = [normal(0, (2,)), normal(1, ())]
    graph = trace_step(lambda w, b, x, y: (w, b.detach(), x.sum()), leaves, torch.ones(2), torch.ones(2))
    *new_leaves, _ = graph(*leaves, torch.ones(2), torch.ones(2))
    for new, leaf in zip(new_leaves, leaves, strict=True):
        assert torch.equal(new, leaf)
        assert new.data_ptr() != leaf.data_ptr()


def test_a_graph_keeps_leaves_apart_that_were_one_tensor():
    w = torch.ones(2)
    graph = trace_step(lambda a, b, x, y: (a + x, b * y, (a - b).sum()), [w, w], torch.ones(2), torch.ones(2))
    *_, loss = graph(torch.full((2,), 3.0), torch.ones(2), torch.ones(2), torch.ones(2))
    assert loss == 4


def test_tracing_changes_no_argument():
    params = {"w": normal(0, (2,)).requires_grad_()}
    x, y = normal(1, (5, 2)), normal(2, (5,))
    before = [t.detach().clone() for t in (params["w"], x, y)]
    steps_of(linear_loss, sgd(0.1), params, x, y)
    assert all(torch.equal(t, was) for t, was in zip((params["w"], x, y), before, strict=True))
    assert params["w"].grad is None


def reads(w, x, y):
    return w * w.sum().item(), w.sum()


def branches(w, x, y):
    return (w if w.sum() > 0 else 2 * w), w.sum()


def shrinks(w, x, y):
    return w[:1], w.sum()


def widens(w, x, y):
    return w.double(), w.sum()


def fails(w, x, y):
    raise ArithmeticError("too large\nand a long story")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (reads, "reads a number out of a tensor"),
        (branches, "reads a number out of a tensor"),
        (shrinks, "changes the shape or the dtype"),
        (widens, "changes the shape or the dtype"),
        (fails, "^ArithmeticError: too large$"),
    ],
)
def test_what_no_graph_stands_for_is_refused_with_its_reason(step, reason):
    with pytest.raises(CannotTrace, match=reason):
        trace_step(step, [torch.ones(2)], torch.ones(2), torch.ones(2))


@pytest.mark.parametrize("state", [0, 0.5, None, "warm"])
def test_a_state_that_is_no_tensor_is_refused(no_shape_checks, state):
    with pytest.raises(CannotTrace, match="holds something that is no tensor"):
        trace_step(lambda w, state, x, y: (w, state, w.sum()), [torch.ones(2), state], torch.ones(2), torch.ones(2))


def test_a_state_that_changes_its_form_is_refused():
    growing = Optimizer(lambda params: (), lambda grads, state, params: (grads, (*state, torch.zeros(()))))
    with pytest.raises(CannotTrace, match="changes its form"):
        steps_of(linear_loss, growing, {"w": torch.ones(2)}, torch.ones(3, 2), torch.ones(3))


def test_the_meaning_is_gradient_then_update_then_sum():
    params, x, y = {"w": normal(0, (2,))}, normal(1, (5, 2)), normal(2, (5,))
    loss, grads = value_and_grad(linear_loss)(params, x, y)
    optimizer = adam(0.1)
    updates, state = optimizer.update(grads, optimizer.init(params), params)
    leaves, meaning, *_ = steps_of(linear_loss, optimizer, params, x, y)
    expected = (*pytree.tree_leaves((apply_updates(params, updates), state)), loss)
    torch.testing.assert_close(meaning(*leaves, x, y), expected, rtol=0, atol=0)


@given(shape=st.lists(sizes, max_size=3), dtype=dtypes, data=st.data())
def test_copies_are_equal_contiguous_plain_and_apart(shape, dtype, data):
    leaf = data.draw(tensors(shape, dtype)).requires_grad_()
    first, second = apart([leaf, leaf])
    for copy in (first, second):
        assert torch.equal(copy, leaf)
        assert copy.is_contiguous()
        assert not copy.requires_grad
    assert len({t.data_ptr() for t in (leaf, first, second)}) == 3


def test_a_form_tells_what_a_graph_is_made_for():
    a = torch.zeros(2, 3)
    assert form(a) == form(torch.ones(3, 2).mT)
    assert len({form(a), form(a[0]), form(a.double()), form(a.to("meta")), form(1), form(1.0)}) == 6


@settings(max_examples=30)
@given(seed=seeds, size=sizes, dtype=dtypes, scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_rounding_is_forgiven_and_nothing_more(seed, size, dtype, scale):
    a = scale * normal(seed, (size,), dtype)
    eps = torch.finfo(dtype).eps
    largest = max(1.0, float(a.abs().max()))
    assert same_within_rounding([a], [a * (1 + 100 * eps)])
    assert not same_within_rounding([a], [a + 1e4 * eps * largest])
    assert same_within_rounding([a], [a + 1e4 * eps * largest], slack=100)


def test_what_is_not_finite_is_the_same_only_as_itself():
    nan, inf, one = (torch.tensor([value, 1.0]) for value in (float("nan"), float("inf"), 1.0))
    for a in (nan, inf, one):
        assert [same_within_rounding([a], [b]) for b in (nan, inf, one)] == [a is b for b in (nan, inf, one)]
    assert same_within_rounding([torch.zeros(0)], [torch.zeros(0)])


def test_counts_must_be_equal():
    assert same_within_rounding([torch.tensor(10**9)], [torch.tensor(10**9)])
    assert not same_within_rounding([torch.tensor(10**9)], [torch.tensor(10**9 + 1)])
