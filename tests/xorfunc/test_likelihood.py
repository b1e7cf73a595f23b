"""Log-probabilities and losses against fifty-digit arithmetic, as far out as |s| = 10,000."""

from decimal import Decimal, localcontext

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.func import grad, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from tests.xorfunc.strategies import dtypes, labels, normal, seeds, sizes
from xorfunc.likelihood import log_prob, log_prob_one, log_prob_zero, loss_bce, loss_bernoulli, loss_where

LOSSES = [loss_where, loss_bernoulli, loss_bce]

# What the course asks for: relative where the loss is large, up to 1e4; absolute where it is small, down to 1e-4343.
TOLERANCE = {torch.float32: {"rtol": 1e-4, "atol": 2e-6}, torch.float64: {"rtol": 1e-8, "atol": 1e-8}}

extreme_logits = st.floats(-1e4, 1e4, width=32) | st.sampled_from([0.0, -0.0, 1e4, -1e4, 88.8, -88.8, 17.0, -17.0])


def exact(s, y):
    """Log-probability of label y under logit s, and its derivative in s, rounded once."""
    with localcontext() as context:
        context.prec = 50
        sign = 1 if y == 1 else -1
        odds = (sign * Decimal(s)).exp()
        return float((odds / (1 + odds)).ln()), float(sign / (1 + odds))


@given(s=extreme_logits, y=st.sampled_from([0, 1]), dtype=dtypes)
@example(s=1e4, y=0, dtype=torch.float32)
@example(s=-1e4, y=1, dtype=torch.float32)
def test_log_prob_and_its_gradient_are_exact_for_extreme_logits(s, y, dtype):
    logit = torch.tensor(s, dtype=dtype)
    value, slope = (torch.tensor(number, dtype=dtype) for number in exact(s, y))
    one_label = log_prob_one if y == 1 else log_prob_zero
    for f in (one_label, lambda s: log_prob(s, torch.tensor(y))):
        torch.testing.assert_close(f(logit), value, **TOLERANCE[dtype])
        torch.testing.assert_close(grad(f)(logit), slope, **TOLERANCE[dtype])


@pytest.mark.parametrize("loss", LOSSES)
@given(pairs=st.lists(st.tuples(extreme_logits, st.sampled_from([0, 1])), min_size=1, max_size=5), dtype=dtypes)
def test_a_loss_and_its_gradient_are_exact_for_extreme_logits(loss, pairs, dtype):
    s = torch.tensor([s for s, _ in pairs], dtype=dtype)
    y = torch.tensor([y for _, y in pairs])
    values, slopes = zip(*(exact(s, y) for s, y in pairs), strict=True)
    expected = -torch.tensor(values, dtype=torch.float64).mean().to(dtype)
    expected_gradient = -torch.tensor(slopes, dtype=torch.float64).to(dtype) / len(pairs)
    torch.testing.assert_close(loss(s, y), expected, **TOLERANCE[dtype])
    torch.testing.assert_close(grad(loss)(s, y), expected_gradient, **TOLERANCE[dtype])


@pytest.mark.parametrize("loss", LOSSES)
@given(s=extreme_logits, y=st.sampled_from([0, 1]))
def test_the_second_derivative_of_a_loss_is_finite(loss, s, y):
    def one(s):
        return loss(s[None], torch.tensor([y]))

    curvature = grad(grad(one))(torch.tensor(s))
    torch.testing.assert_close(
        curvature, torch.sigmoid(torch.tensor(s)) * torch.sigmoid(torch.tensor(-s)), atol=1e-6, rtol=0
    )


@given(shape=st.lists(sizes, max_size=3), seed=seeds, dtype=dtypes)
def test_the_two_probabilities_sum_to_one_in_any_shape(shape, seed, dtype):
    s = 5 * normal(seed, shape, dtype)
    total = log_prob_one(s).exp() + log_prob_zero(s).exp()
    torch.testing.assert_close(total, torch.ones(shape, dtype=dtype))


@given(num=sizes, seed=seeds, dtype=dtypes)
def test_log_prob_selects_by_label(num, seed, dtype):
    s, y = normal(seed, (num, 2), dtype), torch.stack([torch.zeros(num), torch.ones(num)], dim=-1).long()
    assert torch.equal(log_prob(s, y), torch.stack([log_prob_zero(s[:, 0]), log_prob_one(s[:, 1])], dim=-1))


@pytest.mark.parametrize("loss", LOSSES)
@given(num=sizes, members=sizes, seed=seeds, dtype=dtypes)
def test_vmap_over_losses_equals_a_python_loop(loss, num, members, seed, dtype):
    s, y = normal(seed, (members, num), dtype), labels(seed, members * num).reshape(members, num)
    looped = torch.stack([loss(*pair) for pair in zip(s, y, strict=True)])
    torch.testing.assert_close(vmap(loss)(s, y), looped)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_of_a_loss_can_be_traced(loss):
    s, y = normal(0, (4,)), labels(1, 4)
    torch.testing.assert_close(make_fx(grad(loss))(s, y)(2 * s, 1 - y), grad(loss)(2 * s, 1 - y))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_refuses_logits_in_a_column(no_shape_checks, loss):
    with pytest.raises(ValueError, match=r"logits have shape \(3, 1\), labels \(3,\)"):
        loss(torch.zeros(3, 1), torch.zeros(3, dtype=torch.int64))


def test_log_prob_refuses_to_broadcast(no_shape_checks):
    with pytest.raises(ValueError, match=r"logits have shape \(\), labels \(3,\)"):
        log_prob(torch.zeros(()), torch.zeros(3, dtype=torch.int64))
