"""The numbers of `xorfunc.random` beside those of the JAX installed here, for arguments that nobody chose.

The fixture imports JAX, not the module: every pytest worker imports the module, and JAX warns of each fork of a process
that has run it.
"""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xorfunc.random import bernoulli, bits, fold_in, key, normal, permutation, randint, split, uniform

pytestmark = pytest.mark.jax

seeds = st.integers(-(2**63), 2**63 - 1)
shapes = st.sampled_from([(), (1,), (17,), (5, 0), (3, 4, 2)])  # few: JAX compiles anew for each
bounds = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted)


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax", reason="JAX is not installed: it comes with the extra `jax`")


@contextmanager
def mode64(jax):
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", False)


def assert_same(ours, theirs, tolerance=0.0):
    ours, theirs = ours.numpy(), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype.kind == theirs.dtype.kind or ours.dtype == np.int64
    if tolerance:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)
    else:
        np.testing.assert_array_equal(ours, theirs)


@given(seed=seeds, num=st.integers(1, 5), data=st.integers(0, 2**32 - 1))
def test_keys_are_those_of_jax(jax, seed, num, data):
    theirs = jax.random.key(seed)
    assert_same(key(seed), jax.random.key_data(theirs))
    assert_same(split(key(seed), num), jax.random.key_data(jax.random.split(theirs, num)))
    assert_same(fold_in(key(seed), data), jax.random.key_data(jax.random.fold_in(theirs, data)))


@given(seed=seeds, shape=shapes, between=bounds)
def test_bits_and_floats_are_those_of_jax(jax, seed, shape, between):
    ours, theirs = key(seed), jax.random.key(seed)
    assert_same(bits(ours, shape), jax.random.bits(theirs, shape))
    assert_same(uniform(ours, shape), jax.random.uniform(theirs, shape))
    assert_same(uniform(ours, shape, *between), jax.random.uniform(theirs, shape, np.float32, *between))
    assert_same(normal(ours, shape), jax.random.normal(theirs, shape), 1e-5)


@given(seed=seeds, shape=shapes, between=bounds)
def test_floats_of_64_bits_are_those_of_jax(jax, seed, shape, between):
    ours, theirs = key(seed), jax.random.key(seed)
    with mode64(jax):
        assert_same(uniform(ours, shape, dtype=torch.float64), jax.random.uniform(theirs, shape))
        scaled = uniform(ours, shape, *between, dtype=torch.float64)
        assert_same(scaled, jax.random.uniform(theirs, shape, np.float64, *between))
        assert_same(normal(ours, shape, torch.float64), jax.random.normal(theirs, shape), 1e-5)


@given(
    seed=seeds,
    shape=shapes,
    between=st.lists(st.integers(-(2**31), 2**31) | st.integers(-(2**17), 2**17), min_size=2, max_size=2, unique=True),
)
def test_integers_are_those_of_jax(jax, seed, shape, between):
    low, high = sorted(between)
    theirs = jax.random.key(seed)
    with mode64(jax):  # its default mode has no 2**31, and draws the same from all other bounds
        assert_same(randint(key(seed), shape, low, high), jax.random.randint(theirs, shape, low, high, np.int32))


@given(seed=seeds, p=st.floats(0, 1), shape=shapes)
def test_booleans_are_those_of_jax(jax, seed, p, shape):
    assert_same(bernoulli(key(seed), p, shape), jax.random.bernoulli(jax.random.key(seed), p, shape))
    each = np.linspace(0, p, 12, dtype=np.float32).reshape(3, 4, 1)
    assert_same(bernoulli(key(seed), torch.tensor(each)), jax.random.bernoulli(jax.random.key(seed), each))
    wider = jax.random.bernoulli(jax.random.key(seed), each, (3, 4, 2))
    assert_same(bernoulli(key(seed), torch.tensor(each), (3, 4, 2)), wider)


@given(seed=seeds, n=st.sampled_from([0, 1, 2, 11, 1_625, 1_626]))
def test_permutations_are_those_of_jax(jax, seed, n):
    theirs = jax.random.key(seed)
    assert_same(permutation(key(seed), n), jax.random.permutation(theirs, n))
    x = np.arange(3.0 * n, dtype=np.float32).reshape(n, 3)
    assert_same(permutation(key(seed), torch.tensor(x)), jax.random.permutation(theirs, x))


def test_a_million_numbers_are_those_of_jax(jax):
    shape, ours, theirs = (1_000_000,), key(1), jax.random.key(1)
    assert_same(bits(ours, shape), jax.random.bits(theirs, shape))
    assert_same(uniform(ours, shape, -0.1, 0.7), jax.random.uniform(theirs, shape, np.float32, -0.1, 0.7))
    assert_same(normal(ours, shape), jax.random.normal(theirs, shape), 2e-6)
    # So many that some have equal bits: these keep their order, as in every stable sort.
    assert_same(permutation(ours, 1_000_000), jax.random.permutation(theirs, 1_000_000))
