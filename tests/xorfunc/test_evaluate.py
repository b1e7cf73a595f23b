"""Decisions and what counts them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad, vmap

from tests.xorfunc.problems import network_logits
from tests.xorfunc.strategies import dtypes, keys, labels, normal, param_dicts, seeds, sizes, training_problems
from xorfunc.data import minibatches
from xorfunc.evaluate import accuracy, confusion_matrix, evaluate, predict, probability_grid


@given(st.lists(st.floats(allow_nan=False, width=32) | st.just(0.0), max_size=6), dtypes)
def test_a_prediction_is_one_exactly_where_the_logit_is_not_negative(logits, dtype):
    predicted = predict(torch.tensor(logits, dtype=dtype))
    assert predicted.dtype == torch.int64
    assert predicted.tolist() == [int(s >= 0) for s in logits]


@given(num=sizes, seed=seeds, dtype=dtypes)
def test_a_label_and_its_opposite_share_the_accuracy(num, seed, dtype):
    s, y = normal(seed, (num,), dtype), labels(seed + 1, num)
    torch.testing.assert_close(accuracy(s, y) + accuracy(s, 1 - y), torch.ones((), dtype=dtype))
    assert accuracy(s, predict(s)) == 1


@given(num=sizes, seed=seeds)
def test_accuracy_is_the_diagonal_of_the_confusion_matrix(num, seed):
    s, y = normal(seed, (num,)), labels(seed + 1, num)
    torch.testing.assert_close(accuracy(s, y), confusion_matrix(predict(s), y).trace() / num)


def test_the_accuracy_of_nothing_is_not_a_number():
    assert accuracy(torch.zeros(0), torch.zeros(0, dtype=torch.int64)).isnan()


def test_accuracy_refuses_logits_in_a_column(no_shape_checks):
    with pytest.raises(ValueError, match=r"logits have shape \(3, 1\), labels \(3,\)"):
        accuracy(torch.zeros(3, 1), torch.zeros(3, dtype=torch.int64))


@given(problem=training_problems(), k=keys, batch_size=st.integers(1, 13))
def test_an_evaluation_does_not_depend_on_how_the_data_is_cut(problem, k, batch_size):
    params, x, y = problem
    cut = evaluate(network_logits, params, minibatches(k, x, y, batch_size))
    assert type(cut) is float
    # Logits of a batch round differently with its size; none here is within rounding of zero.
    assert cut == (predict(network_logits(params, x)) == y).sum().item() / len(y)


def test_an_evaluation_builds_no_graph():
    def logits_fn(params, x):
        s = x[:, 0] * params["w"]
        assert not s.requires_grad
        return s

    params = {"w": torch.ones((), requires_grad=True)}
    assert evaluate(logits_fn, params, [(torch.ones(2, 1), torch.ones(2, dtype=torch.int64))]) == 1.0
    assert torch.is_grad_enabled()


def test_an_evaluation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="batches gave no example"):
        evaluate(network_logits, {}, [])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=10))
def test_a_confusion_matrix_counts_pairs(pairs):
    expected = torch.zeros(2, 2, dtype=torch.int64)
    for true, predicted in pairs:
        expected[true, predicted] += 1
    y, predicted = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T
    assert torch.equal(confusion_matrix(predicted, y), expected)


def test_vmap_over_confusion_matrices_equals_a_python_loop():
    predicted, y = labels(0, 12).reshape(3, 4), labels(1, 12).reshape(3, 4)
    looped = torch.stack([confusion_matrix(*pair) for pair in zip(predicted, y, strict=True)])
    assert torch.equal(vmap(confusion_matrix)(predicted, y), looped)


@st.composite
def planar_params(draw):
    return draw(param_dicts(draw(dtypes), num_inputs=2))


@given(params=planar_params(), low=st.floats(-5, 0), width=st.floats(0.1, 5), steps=st.integers(1, 7))
def test_a_grid_has_x2_down_its_rows_and_x1_along_its_columns(params, low, width, steps):
    grid = probability_grid(network_logits, params, low, low + width, steps)
    dtype = params["linear_s.bias"].dtype
    assert grid.dtype == dtype
    axis = torch.linspace(low, low + width, steps, dtype=dtype)
    looped = [[network_logits(params, torch.stack([x1, x2])).sigmoid() for x1 in axis] for x2 in axis]
    torch.testing.assert_close(grid, torch.stack([torch.stack(row) for row in looped]), rtol=1e-4, atol=1e-5)


@given(params=planar_params())
def test_a_grid_can_be_differentiated(params):
    slopes = grad(lambda params: probability_grid(network_logits, params, 0.0, 1.0, 3).sum())(params)
    assert (slopes["linear_s.bias"] > 0).all()
