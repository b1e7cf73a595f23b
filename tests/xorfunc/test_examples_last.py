"""The examples-last step against the recorded one, for many losses, optimizers, sizes and operations."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, fx

from tests.xorfunc.strategies import dtypes, normal, seeds
from tests.xorfunc.test_backends import OPTIMIZERS
from tests.xorfunc.test_members_last import CASES, CLOSE, LOSSES, problem
from xorfunc import examples_last as module
from xorfunc.examples_last import RULES, Last, examples_last
from xorfunc.members_last import core
from xorfunc.optim import adam, sgd
from xorfunc.step import aten, flat_step, pytree, trace_step

pytestmark = pytest.mark.usefixtures("no_shape_checks")


def assert_same_step(loss, optimizer, params, x, y):
    params = {name: p[0] for name, p in params.items()}
    leaves, spec = pytree.tree_flatten((params, optimizer.init(params)))
    graph = core(trace_step(flat_step(loss, optimizer, spec), leaves, x, y), *leaves, x, y)
    with torch.no_grad():
        recorded = graph(*leaves, x, y)
        turned = examples_last(graph)(*leaves, x.movedim(0, -1).contiguous(), y.movedim(0, -1).contiguous())
    torch.testing.assert_close(list(turned), list(recorded), **CLOSE[x.dtype])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@settings(max_examples=3)
@given(seed=seeds, num=st.integers(1, 7), d=st.integers(1, 3), h=st.integers(1, 4), dtype=dtypes)
def test_any_loss_steps_as_recorded(loss, seed, num, d, h, dtype):
    assert_same_step(loss, sgd(0.1), *problem(seed, num, d, h, 1, dtype))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 3])
def test_sizes_that_coincide_are_not_confused(size):
    for loss in LOSSES.values():
        assert_same_step(loss, sgd(0.1), *problem(0, size, size, size, 1, torch.float64))


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_any_optimizer_steps_as_recorded(optimizer):
    assert_same_step(LOSSES["relu and penalty"], optimizer, *problem(1, 5, 2, 3, 1, torch.float32))


def test_large_products_go_through_the_library(monkeypatch):
    monkeypatch.setattr(module, "SMALL_PRODUCT", 1)
    for loss in ("bce", "bmm", "softmax"):
        assert_same_step(LOSSES[loss], adam(0.1), *problem(2, 4, 2, 3, 1, torch.float64))


POINTWISE = {
    aten.add.Tensor: [((3, 2), (3, 2)), ((3, 2), (2,)), ((3,), (3, 3)), ((3, 2), ()), ((3, 1), (1, 2)), ((3,), (2, 1))],
    aten.mul.Tensor: [((3, 2, 4), (2, 1)), ((1,), (3, 2))],
    aten.tanh.default: [((3, 2),), ((3,),)],
    aten.cumsum.default: [((3, 2), 0), ((3, 2), 1)],  # no rule has it
}


@pytest.mark.parametrize(
    ("op", "case"), [(op, case) for op, cases in {**CASES, **POINTWISE}.items() for case in cases], ids=str
)
def test_every_operation_gives_what_it_gives_as_recorded(op, case):
    """Whichever of its tensors have examples: the size of the first axis need not say so."""
    arguments = [normal(i, part, torch.float64) if isinstance(part, tuple) else part for i, part in enumerate(case)]
    tensors = [argument for argument in arguments if isinstance(argument, Tensor)]
    graph = fx.Graph()
    placeholders = {id(t): graph.placeholder(f"t{i}") for i, t in enumerate(tensors)}
    graph.output(graph.call_function(op, tuple(placeholders.get(id(argument), argument) for argument in arguments)))
    interpreter = module._ExamplesLast(fx.GraphModule({}, graph))
    expected = op(*arguments)
    for turned in product([False, True], repeat=len(tensors)):
        given = [Last(t.movedim(0, -1)) if turn and t.ndim else t for t, turn in zip(tensors, turned, strict=True)]
        result = interpreter.run(*given)
        torch.testing.assert_close(result.first if isinstance(result, Last) else result, expected)


def test_numbers_without_axes_do_not_widen_the_dtype():
    step = examples_last(
        core(
            trace_step(lambda w, x, y: (w, (x * w.double()).sum()), [torch.ones(())], torch.ones(3), torch.ones(3)),
            torch.ones(()),
            torch.ones(3),
            torch.ones(3),
        )
    )
    assert step(torch.ones(()), torch.ones(3), torch.ones(3))[-1].dtype == torch.float32


def test_the_course_s_step_keeps_its_examples_last(monkeypatch):
    """Otherwise it would be right, and slow."""
    restored, first = [], module._first
    monkeypatch.setattr(module, "_first", lambda tree: restored.append(tree) or first(tree))
    assert_same_step(LOSSES["bce"], sgd(0.1), *problem(0, 7, 2, 4, 1, torch.float32))
    *in_between, _ = restored  # the last are the results
    turned = [leaf for tree in in_between for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Last)]
    assert all(leaf.stored.ndim == 1 for leaf in turned)


def test_every_rule_is_tried():
    assert set(RULES) <= set(CASES) | {aten.full_like.default}
