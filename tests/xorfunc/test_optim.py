"""Optimizers against `torch.optim`, over drawn hyperparameters and gradients of any size."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad, vmap

from tests.xorfunc.problems import assert_params_close
from tests.xorfunc.strategies import dtypes, normal, param_dicts, seeds, sizes, tensors
from xorfunc.optim import adam, apply_updates, momentum, momentum_init, momentum_update, sgd, sgd_update

# torch fuses a product and a sum where we round twice; over eight steps that is a few units in the last place.
CLOSE = {torch.float32: {"rtol": 2e-6, "atol": 2e-6}, torch.float64: {"rtol": 1e-12, "atol": 1e-12}}

rates = st.sampled_from([0.0, 1e-3, 0.1, 1.0])
decays = st.sampled_from([0.0, 0.5, 0.9, 0.999])
scales = st.sampled_from([0.0, 1e-12, 1.0, 1e3])


@st.composite
def descents(draw):
    """Parameters (one of them a scalar) and the gradients of up to eight steps."""
    dtype, num_steps = draw(dtypes), draw(st.integers(1, 8))
    params = {"scalar": draw(tensors((), dtype)), **draw(param_dicts(dtype))}
    scale = draw(scales)
    return params, [
        {name: scale * draw(tensors(p.shape, dtype)) for name, p in params.items()} for _ in range(num_steps)
    ]


def descend(optimizer, params, gradients):
    state = optimizer.init(params)
    for grads in gradients:
        updates, state = optimizer.update(grads, state, params)
        params = apply_updates(params, updates)
    return params


def torch_descend(make, params, gradients):
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    optimizer = make(leaves.values())
    for grads in gradients:
        for name, leaf in leaves.items():
            leaf.grad = grads[name].clone()
        optimizer.step()
    return {name: leaf.detach() for name, leaf in leaves.items()}


def assert_same_descent(ours, theirs, descent):
    params, gradients = descent
    size = max(1.0, max(g.abs().max().item() for grads in gradients for g in grads.values()))
    tolerance = {name: size * value for name, value in CLOSE[params["scalar"].dtype].items()}
    assert_params_close(descend(ours, params, gradients), torch_descend(theirs, params, gradients), **tolerance)


@given(descent=descents(), lr=rates)
def test_sgd_follows_torch(descent, lr):
    assert_same_descent(sgd(lr), lambda leaves: torch.optim.SGD(leaves, lr), descent)


@given(descent=descents(), lr=rates, decay=decays)
def test_momentum_follows_torch(descent, lr, decay):
    assert_same_descent(momentum(lr, decay), lambda leaves: torch.optim.SGD(leaves, lr, momentum=decay), descent)


@given(descent=descents(), lr=rates, b1=decays, b2=decays, eps=st.sampled_from([1e-8, 1e-3]))
def test_adam_follows_torch(descent, lr, b1, b2, eps):
    assert_same_descent(
        adam(lr, b1, b2, eps), lambda leaves: torch.optim.Adam(leaves, lr, betas=(b1, b2), eps=eps), descent
    )


@given(size=sizes, seed=seeds, dtype=dtypes, scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_the_first_step_of_adam_has_the_length_of_its_rate(size, seed, dtype, scale):
    params, grads = {"w": torch.zeros(size, dtype=dtype)}, {"w": scale * (1 + normal(seed, (size,), dtype).abs())}
    stepped = descend(adam(0.25), params, [grads])
    torch.testing.assert_close(stepped["w"], torch.full((size,), -0.25, dtype=dtype), rtol=2e-5, atol=0)


@pytest.mark.parametrize("optimizer", [sgd(0.1), momentum(0.1), adam(0.1)], ids=["sgd", "momentum", "adam"])
@given(descent=descents())
def test_the_order_of_names_does_not_matter(optimizer, descent):
    params, gradients = descent
    reversed_gradients = [dict(reversed(grads.items())) for grads in gradients]
    expected = descend(optimizer, params, gradients)
    assert_params_close(descend(optimizer, params, reversed_gradients), expected, rtol=0, atol=0)


@pytest.mark.parametrize("optimizer", [sgd(0.1), momentum(0.1), adam(0.1)], ids=["sgd", "momentum", "adam"])
@given(members=sizes, size=sizes, seed=seeds, dtype=dtypes)
def test_members_under_vmap_step_as_they_would_alone(optimizer, members, size, seed, dtype):
    params = {"w": normal(seed, (members, size), dtype)}
    gradients = [{"w": normal(seed + i, (members, size), dtype)} for i in (1, 2, 3)]
    state = vmap(optimizer.init)(params)
    stacked = params
    for grads in gradients:
        updates, state = vmap(optimizer.update)(grads, state, stacked)
        stacked = apply_updates(stacked, updates)
    for k in range(members):
        alone = descend(optimizer, {"w": params["w"][k]}, [{"w": grads["w"][k]} for grads in gradients])
        torch.testing.assert_close(stacked["w"][k], alone["w"], **CLOSE[dtype])


def test_a_step_can_be_differentiated():
    def loss_after_a_step(w):
        params = apply_updates({"w": w}, sgd(0.25).update({"w": 2 * w}, (), {"w": w})[0])
        return params["w"] ** 2

    # (w - 0.25 * 2 w)^2 = w^2 / 4
    assert grad(loss_after_a_step)(torch.tensor(3.0)) == 1.5


@given(descent=descents(), lr=rates)
def test_sgd_update_is_a_step_of_sgd(descent, lr):
    params, gradients = descent
    assert_params_close(sgd_update(params, gradients[0], lr), descend(sgd(lr), params, gradients[:1]), rtol=0, atol=0)


@given(descent=descents(), lr=rates, decay=decays)
def test_momentum_update_is_a_step_of_momentum(descent, lr, decay):
    params, gradients = descent
    stepped, velocity = params, momentum_init(params)
    for grads in gradients:
        stepped, velocity = momentum_update(stepped, grads, velocity, lr, decay)
    assert_params_close(stepped, descend(momentum(lr, decay), params, gradients), rtol=0, atol=0)


def test_course_updates_give_plain_tensors_for_parameters_that_require_grad():
    params = {"w": torch.ones(2, requires_grad=True)}
    grads = {"w": params["w"] * 2}
    stepped, velocity = momentum_update(params, grads, momentum_init(params), 0.1, 0.9)
    results = [*sgd_update(params, grads, 0.1).values(), *stepped.values(), *velocity.values()]
    assert not any(result.requires_grad for result in results)


def test_an_empty_dict_has_nothing_to_step():
    assert descend(adam(0.1), {}, [{}]) == {}


@pytest.mark.parametrize("lr", [-0.1, math.inf, math.nan])
@pytest.mark.parametrize("make", [sgd, momentum, adam])
def test_a_rate_that_is_negative_or_not_finite_is_refused(make, lr):
    with pytest.raises(ValueError, match=f"lr={lr!r}"):
        make(lr)


@pytest.mark.parametrize("decay", [-0.1, 1.0, math.nan])
@pytest.mark.parametrize(
    ("name", "make"),
    [("decay", momentum), ("b1", lambda lr, b1: adam(lr, b1=b1)), ("b2", lambda lr, b2: adam(lr, b2=b2))],
)
def test_a_decay_outside_zero_to_one_is_refused(name, make, decay):
    with pytest.raises(ValueError, match=f"{name}={decay!r}"):
        make(0.1, decay)


def test_a_negative_eps_is_refused():
    with pytest.raises(ValueError, match=r"eps=-1\.0"):
        adam(0.1, eps=-1.0)
