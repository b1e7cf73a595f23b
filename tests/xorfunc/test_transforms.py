"""Transforms against autograd, loops, and functions whose derivatives are known."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad, jacrev, vmap

from tests.xorfunc.problems import assert_params_close, network_loss
from tests.xorfunc.strategies import dtypes, normal, seeds, sizes, training_problems
from xorfunc.transforms import hvp, jacobian, per_example_gradients, value_and_grad

# Sums are taken in another order than in a loop: a few units in the last place of terms of size one.
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@given(training_problems())
def test_value_and_grad_of_a_dict_equals_backward(problem):
    params, x, y = problem
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    loss = network_loss(leaves, x, y)
    loss.backward()
    value, grads = value_and_grad(network_loss)(params, x, y)
    torch.testing.assert_close(value, loss.detach(), **CLOSE)
    assert_params_close(grads, {name: p.grad for name, p in leaves.items()}, **CLOSE)


@given(size=sizes, seed=seeds, dtype=dtypes)
def test_value_and_grad_of_a_tensor_passes_keywords_on(size, seed, dtype):
    x = normal(seed, (size,), dtype)
    value, gradient = value_and_grad(lambda x, *, power: (x**power).sum())(x, power=2)
    torch.testing.assert_close(value, x.square().sum())
    torch.testing.assert_close(gradient, 2 * x)


def test_value_and_grad_can_be_nested():
    def slope(x):
        return value_and_grad(lambda x: x**3)(x)[1]

    assert value_and_grad(slope)(torch.tensor(2.0)) == (12.0, 12.0)


@given(training_problems())
def test_per_example_gradients_equal_a_python_loop(problem):
    params, xs, ys = problem
    batched = per_example_gradients(network_loss, params, xs[:, None], ys[:, None])
    looped = [value_and_grad(network_loss)(params, x[None], y[None])[1] for x, y in zip(xs, ys, strict=True)]
    assert_params_close(batched, {name: torch.stack([g[name] for g in looped]) for name in params}, **CLOSE)


@given(training_problems())
def test_per_example_gradients_average_to_the_gradient_of_the_mean(problem):
    params, xs, ys = problem
    batched = per_example_gradients(network_loss, params, xs[:, None], ys[:, None])
    _, grads = value_and_grad(network_loss)(params, xs, ys)
    assert_params_close({name: g.mean(dim=0) for name, g in batched.items()}, grads, **CLOSE)


@given(num_in=sizes, num_out=st.integers(0, 6), seed=seeds, dtype=dtypes)
def test_the_jacobian_of_a_linear_map_is_its_matrix(num_in, num_out, seed, dtype):
    matrix = normal(seed, (num_out, num_in), dtype)
    torch.testing.assert_close(jacobian(lambda x: matrix @ x, normal(seed, (num_in,), dtype)), matrix)


@given(num_in=sizes, num_out=sizes, seed=seeds, dtype=dtypes)
def test_the_jacobian_of_a_layer_follows_the_chain_rule(num_in, num_out, seed, dtype):
    matrix, x = normal(seed, (num_out, num_in), dtype), normal(seed + 1, (num_in,), dtype)
    expected = (1 - (matrix @ x).tanh().square())[:, None] * matrix
    torch.testing.assert_close(jacobian(lambda x: (matrix @ x).tanh(), x), expected, **CLOSE)


@given(size=sizes, seed=seeds, dtype=dtypes)
def test_hvp_of_a_quadratic_is_its_symmetric_matrix_times_v(size, seed, dtype):
    a, x, v = normal(seed, (size, size), dtype), normal(seed + 1, (size,), dtype), normal(seed + 2, (size,), dtype)
    torch.testing.assert_close(hvp(lambda x: x @ a @ x, x, v), (a + a.T) @ v, **CLOSE)


@given(training_problems(), seeds)
def test_hvp_equals_the_whole_hessian_times_v(problem, seed):
    params, x, y = problem
    weight = params["linear_h.weight"]

    def loss(w):
        return network_loss({**params, "linear_h.weight": w.view_as(weight)}, x, y)

    w, v = weight.flatten(), normal(seed, (weight.numel(),), weight.dtype)
    torch.testing.assert_close(hvp(loss, w, v), jacrev(grad(loss))(w) @ v, **CLOSE)


def test_hvp_of_a_linear_function_is_zero():
    assert torch.equal(hvp(lambda x: x.sum(), torch.ones(3), torch.ones(3)), torch.zeros(3))


def test_hvp_builds_no_hessian():
    # A million squared float32 numbers are four terabytes: no allocator gives them.
    x, v = torch.ones(1_000_000), torch.arange(1_000_000.0)
    torch.testing.assert_close(hvp(lambda x: (x**3).sum(), x, v), 6 * v)


@given(size=sizes, num=sizes, seed=seeds)
def test_hvp_under_vmap_equals_a_python_loop(size, num, seed):
    x, vs = normal(seed, (size,)), normal(seed + 1, (num, size))

    def f(x):
        return (x**4).sum() + x.prod()

    torch.testing.assert_close(vmap(lambda v: hvp(f, x, v))(vs), torch.stack([hvp(f, x, v) for v in vs]), **CLOSE)
