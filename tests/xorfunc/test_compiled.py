"""Epochs as a loop over steps, replayed, compiled and in chunks, against the loop in Python; and lies found out."""

import copy
import gc
import importlib
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils import _pytree as pytree

from tests.xorfunc.problems import linear_loss, network_loss
from tests.xorfunc.strategies import normal, seeds
from xorfunc import compiled
from xorfunc.backends import has_compiler
from xorfunc.compiled import batch_sizes, chunked, epochs_a_call, looped, traced
from xorfunc.data import continuous_xor
from xorfunc.model import init_params
from xorfunc.optim import Optimizer, adam, adamw, momentum, sgd
from xorfunc.random import key
from xorfunc.schedules import cosine_decay
from xorfunc.step import CannotTrace, flat_meaning, flat_step, trace_step

# Of some tens of steps, each with a rounding of its own.
CLOSE = {torch.float32: {"rtol": 2e-4, "atol": 2e-5}, torch.float64: {"rtol": 1e-6, "atol": 1e-8}}

pytestmark = pytest.mark.usefixtures("no_shape_checks")
needs_compiler = pytest.mark.skipif(not has_compiler(), reason="there is no C++ compiler")
counts = st.integers(1, 30)


def steps_of(loss_fn, optimizer, params):
    leaves, spec = pytree.tree_flatten((params, optimizer.init(params)))
    return leaves, flat_step(loss_fn, optimizer, spec), flat_meaning(loss_fn, optimizer, spec)


def reached(run, leaves, xs, ys):
    """The last leaves of a run, and all its losses."""
    losses = []
    for after, some in run(leaves, xs, ys):
        leaves = after
        losses.append(some)
    return tuple(leaves), torch.cat(losses)


def epochs_of(x, y, num_epochs):
    """Another order for each epoch."""
    return torch.stack([x.roll(e, 0) for e in range(num_epochs)]), torch.stack(
        [y.roll(e, 0) for e in range(num_epochs)]
    )


@given(num=counts, batch_size=counts)
def test_batches_have_the_sizes_that_a_split_gives(num, batch_size):
    assert batch_sizes(num, batch_size) == {len(batch) for batch in torch.zeros(num).split(batch_size)}


@given(num=st.integers(1, 10**6), num_epochs=st.integers(1, 10**6))
def test_a_call_takes_no_more_epochs_than_there_are_and_ends_soon(num, num_epochs):
    at_once = epochs_a_call(num, num_epochs)
    assert 1 <= at_once <= num_epochs
    assert at_once == 1 or at_once * num <= compiled.EXAMPLES_A_CALL


@given(num=counts, batch_size=counts, num_epochs=st.integers(0, 4), seed=seeds)
def test_an_epochs_loss_is_the_mean_over_its_examples(num, batch_size, num_epochs, seed):
    x, y = normal(seed, (num_epochs, num)), torch.zeros(num_epochs, num)
    run = looped(lambda count, x, y: (count + 1, x.mean()), batch_size)
    leaves, losses = [torch.tensor(0)], []
    for epoch, (leaves, loss) in enumerate(run(leaves, x, y), 1):  # noqa: B020 -- where it ends
        losses.append(loss)
        assert leaves[0] == epoch * -(-num // batch_size)
    assert len(losses) == num_epochs
    if losses:
        torch.testing.assert_close(torch.cat(losses), x.mean(1), rtol=1e-5, atol=1e-6)


def test_a_mode_holds_for_the_steps_and_not_for_who_takes_what_they_give():
    seen = []
    run = looped(
        lambda w, x, y: (seen.append(torch.is_inference_mode_enabled()) or w, x.mean()), 2, torch.inference_mode
    )
    for _ in run([torch.zeros(())], torch.zeros(3, 4), torch.zeros(3, 4)):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    assert seen == [True] * 6


def test_a_replayed_run_outlives_its_loss_without_holding_it():
    def loss(params, x, y):
        return linear_loss(params, x, y)

    x, y = normal(0, (7, 2)), normal(1, (7,))
    leaves, step, meaning = steps_of(loss, momentum(0.1), {"w": torch.zeros(2)})
    expected = reached(looped(meaning, 3), leaves, *epochs_of(x, y, 2))
    run = traced(step, meaning, leaves, x, y, 3)
    alive = weakref.ref(loss)
    del loss, step, meaning
    gc.collect()
    assert alive() is None
    torch.testing.assert_close(reached(run, leaves, *epochs_of(x, y, 2)), expected, **CLOSE[torch.float32])


def test_without_an_interpreter_the_graph_itself_is_run(monkeypatch):
    monkeypatch.setattr(torch.jit, "trace", lambda *arguments, **options: 1 / 0)
    x, y = normal(0, (7, 2)), normal(1, (7,))
    leaves, step, meaning = steps_of(linear_loss, adam(0.1), {"w": torch.zeros(2)})
    run = traced(step, meaning, leaves, x, y, 3)
    expected = reached(looped(meaning, 3), leaves, *epochs_of(x, y, 2))
    torch.testing.assert_close(reached(run, leaves, *epochs_of(x, y, 2)), expected, **CLOSE[torch.float32])


@pytest.mark.parametrize("num_threads", [1, 3])
def test_chunks_are_runs_side_by_side(num_threads):
    xs, ys = epochs_of(normal(0, (5,)), torch.zeros(5), 3)
    run = looped(lambda w, x, y: (w + x.sum(), w * x.mean()), batch_size=2)
    starts = [torch.ones(4), torch.zeros(4), torch.full((4,), -2.0)]
    leaves, losses = reached(chunked(run, 3, num_threads), starts, xs, ys)
    each = [reached(run, [start], xs, ys) for start in starts]
    torch.testing.assert_close(leaves, tuple(own[0] for own, _ in each), rtol=0, atol=0)
    assert losses.shape == (3, 12)
    torch.testing.assert_close(losses, torch.cat([own for _, own in each], 1), rtol=0, atol=0)


# Lies


def lying(factor):
    """`trace_step`, but the first constant that a tensor is multiplied by is another."""

    def lie(*arguments):
        graph = trace_step(*arguments)
        node = next(
            node
            for node in graph.graph.nodes
            if node.target is torch.ops.aten.mul.Tensor and isinstance(node.args[1], float)
        )
        node.args = (node.args[0], factor * node.args[1])
        graph.recompile()
        return graph

    return lie


@pytest.mark.parametrize("factor", [0.0, 0.9, -1.0])
@pytest.mark.parametrize("batch_size", [4, 7, 20])
def test_a_graph_with_another_constant_is_not_taken(monkeypatch, factor, batch_size):
    x, y = normal(0, (7, 2)), normal(1, (7,))
    leaves, step, meaning = steps_of(linear_loss, sgd(0.1), {"w": torch.ones(2)})
    monkeypatch.setattr(compiled, "trace_step", lying(factor))
    with pytest.raises(CannotTrace, match="other numbers"):
        traced(step, meaning, leaves, x, y, batch_size)


def test_a_compiler_that_miscompiles_is_not_taken(monkeypatch):
    def miscompile(program, **options):
        def call(leaves, xs, ys):
            leaves, losses = program(leaves, xs, ys)
            return [leaf + 0.5 for leaf in leaves], losses

        return call

    def unrolled(step, carry, batches):
        losses = []
        for i in range(len(batches[0])):
            carry, loss = step(carry, tuple(batch[i] for batch in batches))
            losses.append(loss)
        return carry, torch.stack(losses)

    x, y = normal(0, (7, 2)), normal(1, (7,))
    leaves, step, meaning = steps_of(linear_loss, adam(0.1), {"w": torch.ones(2)})
    # By its module's name, as the package has the function under the same.
    monkeypatch.setattr(importlib.import_module("torch._higher_order_ops.scan"), "scan", unrolled)
    monkeypatch.setattr(torch, "compile", lambda program, **options: program)
    run = compiled.compiled(step, meaning, leaves, x, y, 3, num_epochs=2)
    expected = reached(looped(meaning, 3), leaves, *epochs_of(x, y, 5))
    torch.testing.assert_close(reached(run, leaves, *epochs_of(x, y, 5)), expected, **CLOSE[torch.float32])
    monkeypatch.setattr(torch, "compile", miscompile)
    with pytest.raises(CannotTrace, match="compiled step gives other numbers"):
        compiled.compiled(step, meaning, leaves, x, y, 3, num_epochs=2)


# The compiler itself: ten seconds a program, so few programs, each of which stands for many.


def clipped(lr):
    def update(grads, state, params):
        norm = torch.sqrt(sum(g.square().sum() for g in grads.values()))
        return {name: -lr / torch.clamp(norm, min=1.0) * g for name, g in grads.items()}, state

    return Optimizer(lambda params: (), update)


def relu_loss(params, x, y):
    h = torch.relu(x @ params["w1"].T + params["b1"])
    h = torch.relu(h @ params["w2"].T + params["b2"])
    return ((h @ params["w3"].T + params["b3"]) - y).square().mean() * params["scale"].exp()


def relu_problem(dtype):
    shapes = {"w1": (8, 2), "b1": (8,), "w2": (8, 8), "b2": (8,), "w3": (1, 8), "b3": (1,), "scale": (), "unused": (3,)}
    params = {name: 0.5 * normal(i, shape, dtype) for i, (name, shape) in enumerate(shapes.items())}
    return relu_loss, params, normal(20, (12, 2), dtype), normal(21, (12, 1), dtype)


def linear_problem(dtype):
    return linear_loss, {"w": normal(0, (2,), dtype)}, normal(1, (4, 2), dtype), normal(2, (4,), dtype)


def network_problem(dtype):
    x, y = continuous_xor(key(0), 20, 0.1)
    return network_loss, {name: p.to(dtype) for name, p in init_params(key(1), 2, 4, 1).items()}, x.to(dtype), y


@needs_compiler
@pytest.mark.parametrize(
    ("problem", "optimizer", "dtype", "batch_size"),
    [
        pytest.param(linear_problem, sgd(0.1), torch.float32, 4, id="linear regression, full batches"),
        pytest.param(
            network_problem,
            adamw(cosine_decay(0.01, 20)),
            torch.float64,
            8,
            id="the course's network, a schedule, a shorter last batch",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            relu_problem,
            momentum(0.02, nesterov=True),
            torch.float32,
            1,
            id="two hidden layers, batches of one",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            relu_problem,
            clipped(0.05),
            torch.float32,
            100,
            id="a user's optimizer, a batch larger than the data",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_compiled_epochs_are_those_of_the_meaning_and_are_compiled_once(problem, optimizer, dtype, batch_size):
    loss_fn, params, x, y = problem(dtype)

    def loss(params, x, y):
        return loss_fn(params, x, y)

    leaves, step, meaning = steps_of(loss, optimizer, params)
    expected = reached(looped(meaning, batch_size), leaves, *epochs_of(x, y, 5))
    run = compiled.compiled(step, meaning, leaves, x, y, batch_size, num_epochs=2, one_thread=True)
    alive = weakref.ref(loss)
    del loss, step, meaning
    gc.collect()
    assert alive() is None, "machine code needs no function"

    before = copy.copy(torch._dynamo.utils.counters["stats"])
    after = reached(run, leaves, *epochs_of(x, y, 5))  # two calls, and an epoch that is left over
    torch.testing.assert_close(after, expected, **CLOSE[dtype])
    again, _ = reached(run, [leaf.clone() for leaf in after[0]], *epochs_of(x, y, 2))
    reached(run, after[0], *epochs_of(x, y, 2))  # from what the left over epoch gave
    require_grad = [p.clone().requires_grad_(p.is_floating_point()) for p in leaves]
    torch.testing.assert_close(reached(run, require_grad, *epochs_of(x, y, 5)), after, rtol=0, atol=0)
    assert torch._dynamo.utils.counters["stats"] == before, "compiled anew"
    assert not any(leaf.requires_grad for leaf in again)
