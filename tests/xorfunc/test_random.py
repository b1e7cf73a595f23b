import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from xorfunc.random import bernoulli, bits, fold_in, key, normal, permutation, permutations, randint, split, uniform

FUNCTIONS = {f.__name__: f for f in (bernoulli, bits, fold_in, key, normal, permutation, randint, split, uniform)}
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "jax_random.json").read_text())["cases"]

DRAWS = {
    "split": split,
    "split in five": lambda key: split(key, 5),
    "fold_in": lambda key: fold_in(key, 3),
    "bits": lambda key: bits(key, (3, 2)),
    "uniform": lambda key: uniform(key, (3, 2)),
    "uniform between bounds": lambda key: uniform(key, (3, 2), -0.1, 0.7),
    "uniform in float64": lambda key: uniform(key, (3, 2), -0.1, 0.7, torch.float64),
    "normal": lambda key: normal(key, (3, 2)),
    "normal in float64": lambda key: normal(key, (), torch.float64),
    "randint": lambda key: randint(key, (3, 2), -5, 1_000),
    "bernoulli": lambda key: bernoulli(key, 0.3, (3, 2)),
    "bernoulli of probabilities": lambda key: bernoulli(
        key, torch.arange(7.0, dtype=torch.float32, device=key.device) / 7
    ),
    "permutation": lambda key: permutation(key, 7),
    "permutation of nothing": lambda key: permutation(key, 0),
    "permutation sorted twice": lambda key: permutation(key, 2_000),
    "permutation of rows": lambda key: permutation(key, torch.arange(14, device=key.device).reshape(7, 2)),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
seeds = st.integers(-(2**63), 2**63 - 1)
few = settings(max_examples=20)


# -- JAX's numbers


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_numbers_are_those_that_were_recorded_of_jax(name):
    recorded = [case for case in GOLDEN if case["function"] == name]
    assert recorded
    for case in recorded:
        arguments = {argument: given_to_torch(value) for argument, value in case["arguments"].items()}
        ours = key(case["seed"]) if name == "key" else FUNCTIONS[name](key(case["seed"]), **arguments)
        theirs = torch.tensor(case["result"], dtype=ours.dtype)
        assert list(ours.shape) == case["shape"], case
        sample = ours[:: case["every"]] if ours.ndim else ours
        tolerance = 1e-5 if name == "normal" else 0  # the promise; two ways to compute erfinv are 1e-6 apart
        theirs = theirs.reshape(sample.shape)  # a list can't hold the sizes after a zero
        assert_close(sample, theirs, rtol=0, atol=tolerance, msg=lambda m, case=case: f"{case}: {m}")


def given_to_torch(argument):
    """An argument as it was recorded: a dtype is written as its name, a tensor as a list, and a shape as one too."""
    if isinstance(argument, str):
        return getattr(torch, argument)
    if isinstance(argument, list) and argument and not all(type(size) is int for size in argument):
        return torch.tensor(argument)
    return argument


# -- Keys


@given(seed=seeds, num=st.integers(1, 50))
@few
def test_split_gives_the_keys_that_fold_in_gives_one_by_one(seed, num):
    assert torch.equal(split(key(seed), num), torch.stack([fold_in(key(seed), i) for i in range(num)]))


@given(seed=seeds)
@few
def test_all_keys_made_from_one_are_different(seed):
    children = split(key(seed), 30)
    grandchildren = torch.vmap(split)(children).reshape(-1, 2)
    family = torch.cat((key(seed)[None], children, grandchildren))
    assert len(family.unique(dim=0)) == 91


@given(seed=seeds, turns=st.integers(-5, 5))
@few
def test_seeds_that_differ_by_a_multiple_of_2_to_the_32_give_one_key(seed, turns):
    other = seed + turns * 2**32
    if -(2**63) <= other < 2**63:
        assert torch.equal(key(seed), key(other))


def test_a_tensor_serves_as_seed_and_as_data_as_its_number_does():
    assert torch.equal(key(torch.tensor(-5)), key(-5))
    assert torch.equal(fold_in(key(0), torch.tensor(9, dtype=torch.int32)), fold_in(key(0), 9))
    assert torch.equal(fold_in(key(0), torch.tensor(-1)), fold_in(key(0), 2**32 - 1))


def test_vmap_over_seeds_and_over_data_equals_a_loop():
    numbers = torch.arange(5)
    assert torch.equal(torch.vmap(key)(numbers), torch.stack([key(i) for i in range(5)]))
    folded = torch.vmap(fold_in, in_dims=(None, 0))(key(7), numbers)
    assert torch.equal(folded, torch.stack([fold_in(key(7), i) for i in range(5)]))


# -- Laws of every draw


@every_draw
@given(seed=seeds)
@few
def test_vmap_over_keys_equals_a_loop(draw, seed):
    keys = split(key(seed), 3)
    assert torch.equal(torch.vmap(draw)(keys), torch.stack([draw(k) for k in keys]))


@every_draw
def test_vmap_over_vmap_over_keys_equals_two_loops(draw):
    keys = split(key(1), 6).reshape(2, 3, 2)
    loops = torch.stack([torch.stack([draw(k) for k in row]) for row in keys])
    assert torch.equal(torch.vmap(torch.vmap(draw))(keys), loops)


@every_draw
def test_one_key_gives_the_same_twice_and_is_left_as_it_was(draw):
    one = key(5)
    assert torch.equal(draw(one), draw(one))
    assert torch.equal(one, key(5))


@pytest.mark.parametrize("name", sorted(DRAWS.keys() - {"permutation of nothing"}))
def test_another_key_gives_something_else(name):
    assert len({tuple(DRAWS[name](k).flatten().tolist()) for k in split(key(0), 3)}) > 1


@every_draw
def test_the_global_random_state_is_neither_used_nor_changed(draw):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = draw(key(2))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert torch.equal(draw(key(2)), first)


@every_draw
def test_the_global_default_dtype_changes_no_number(draw):
    expected = draw(key(2))
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        got = draw(key(2))
    finally:
        torch.set_default_dtype(default)
    assert_close(got, expected, rtol=0, atol=0)


@every_draw
def test_all_that_is_drawn_is_on_the_device_of_the_key(draw):
    # The meta device computes nothing, but a tensor left on the CPU would end up there, or meet one on it and raise.
    assert draw(key(0).to("meta")).device.type == "meta"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
def test_cuda_gives_the_numbers_of_the_cpu():
    for name, draw in DRAWS.items():
        drawn, expected = draw(key(0).cuda()), draw(key(0))
        assert drawn.is_cuda, name
        tolerance = 1e-6 if "normal" in name else 0
        assert_close(drawn.cpu(), expected, rtol=tolerance, atol=tolerance, msg=lambda m, name=name: f"{name}: {m}")


# -- Ranges and distributions


@given(seed=seeds, low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
@few
def test_uniform_numbers_are_rounded_once(seed, low, span):
    high = low + span
    exact = [Fraction(m) for m in uniform(key(seed), (20,), dtype=torch.float64).tolist()]
    scaled = uniform(key(seed), (20,), low, high, torch.float64)
    assert scaled.tolist() == [float(Fraction(low) + Fraction(high - low) * m) for m in exact]


@given(
    seed=seeds,
    low=st.floats(-1e6, 1e6, width=32),
    span=st.floats(0, 1e6),
    dtype=st.sampled_from(["float32", "float64"]),
)
@few
def test_uniform_numbers_keep_their_bounds(seed, low, span, dtype):
    dtype = getattr(torch, dtype)
    high = torch.tensor(low + span, dtype=dtype).item()
    drawn = uniform(key(seed), (50,), low, high, dtype)
    assert drawn.dtype == dtype
    assert low <= drawn.min()
    assert drawn.max() <= high


@given(
    seed=seeds,
    bounds=st.lists(st.integers(-(2**31), 2**31), min_size=2, max_size=2, unique=True)
    | st.integers(-(2**31), 2**31 - 3).map(lambda low: [low, low + 3]),
)
@few
def test_randint_keeps_its_bounds_however_wide_or_narrow(seed, bounds):
    low, high = sorted(bounds)
    drawn = randint(key(seed), (50,), low, high)
    assert drawn.dtype == torch.int64
    assert low <= drawn.min()
    assert drawn.max() < high


@given(seed=seeds, n=st.integers(0, 3_000))
@few
def test_many_permutations_are_those_of_each_key(seed, n):
    keys = split(key(seed), 3)
    assert torch.equal(permutations(keys, n), torch.stack([permutation(k, n) for k in keys]))


@few
@given(seed=seeds, n=st.integers(0, 50))
def test_a_permutation_holds_every_index_once(seed, n):
    assert torch.equal(permutation(key(seed), n).sort().values, torch.arange(n))


@given(seed=seeds, n=st.integers(0, 30))
@few
def test_a_tensor_is_permuted_along_its_first_axis_as_its_indices_are(seed, n):
    x = torch.arange(6.0 * n).reshape(n, 3, 2).transpose(1, 2)
    assert torch.equal(permutation(key(seed), x), x[permutation(key(seed), n)])


def test_every_order_of_three_comes_equally_often():
    n = 60_000
    orders = torch.vmap(lambda k: permutation(k, 3))(split(key(0), n))
    counts = (orders @ torch.tensor([9, 3, 1])).unique(return_counts=True)[1]
    assert len(counts) == 6
    assert_within_six_sigma(counts / n, 1 / 6, math.sqrt(1 / 6 * 5 / 6 / n))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normal_numbers_have_the_moments_of_the_normal_distribution(dtype):
    n = 1_000_000
    z = normal(key(0), (n,), dtype)
    assert z.dtype == dtype
    z = z.double()
    # The variance of z^k is E z^2k - (E z^k)^2, and E z^2, z^4, z^6, z^8 are 1, 3, 15, 105.
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert_within_six_sigma((z**power).mean(), mean, math.sqrt(variance / n))


def test_neighbouring_numbers_and_neighbouring_keys_are_not_correlated():
    n = 1_000
    z = torch.vmap(lambda k: normal(k, (n,)))(split(key(0), n)).double()
    assert_within_six_sigma((z[:, 1:] * z[:, :-1]).mean(), 0, 1 / n)
    assert_within_six_sigma((z[1:] * z[:-1]).mean(), 0, 1 / n)


def test_uniform_numbers_fill_their_range_evenly():
    n = 1_000_000
    counts = (uniform(key(0), (n,)) * 10).long().bincount(minlength=10)
    assert_within_six_sigma(counts / n, 1 / 10, math.sqrt(1 / 10 * 9 / 10 / n))


def test_bernoulli_is_true_with_the_probability_given():
    n, p = 100_000, torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])
    drawn = bernoulli(key(0), p, (n, 5))
    assert drawn.dtype == torch.bool
    assert_within_six_sigma(drawn.double().mean(0), p, (p * (1 - p) / n).sqrt())


def test_bernoulli_is_true_only_where_the_uniform_number_is_below_p():
    u = uniform(key(0), (100,))
    assert not bernoulli(key(0), u).any()
    assert bernoulli(key(0), u.nextafter(torch.tensor(1.0))).all()


def test_bernoulli_takes_the_shape_of_its_probabilities_when_none_is_given():
    p = torch.full((2, 3), 0.5, dtype=torch.float64)
    drawn = bernoulli(key(0), p)
    assert drawn.shape == (2, 3)
    assert torch.equal(drawn, bernoulli(key(0), p, None))
    assert torch.equal(drawn, uniform(key(0), (2, 3), dtype=torch.float64) < 0.5)


def assert_within_six_sigma(estimate, expected, sigma):
    """The chance to fail a right sample is 2e-9; the key is fixed besides."""
    assert (abs(estimate - expected) <= 6 * torch.as_tensor(sigma) + 1e-7).all(), (estimate, expected, sigma)


# -- Errors


@every_draw
@pytest.mark.usefixtures("no_shape_checks")
def test_many_keys_are_refused_where_there_is_no_vmap(draw):
    with pytest.raises(ValueError, match=r"key of shape \(3, 2\): these are many keys, .* torch.vmap"):
        draw(split(key(0), 3))


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda _: split(3), TypeError, r"key=3: a key is an int64 tensor of shape \[2\]. Make one with .*key\(seed\)"),
        (lambda _: bits([0, 3]), TypeError, r"key=\[0, 3\]: a key is an int64 tensor .*key\(seed\)"),
        (lambda _: bernoulli(3), TypeError, r"key=3: a key is an int64 tensor .*key\(seed\)"),
        (lambda _: permutation(3, 4), TypeError, r"key=3: a key is an int64 tensor .*key\(seed\)"),
        (lambda _: fold_in(3, 4), TypeError, r"key=3: a key is an int64 tensor .*key\(seed\)"),
        (lambda k: uniform(k.float()), TypeError, r"key of dtype torch.float32: a key is an int64 .*key\(seed\)"),
        (lambda k: normal(k.int()), TypeError, r"key of dtype torch.int32: a key is an int64 .*key\(seed\)"),
        (lambda k: normal(k[0]), ValueError, r"key of shape \(\): a key is an int64 tensor .*key\(seed\)"),
        (lambda k: randint(k.repeat(2), (), 0, 2), ValueError, r"key of shape \(4,\): a key is .*key\(seed\)"),
        (lambda k: uniform(k, (-1, 2)), ValueError, r"shape=\(-1, 2\): every size is at least 0"),
        (lambda k: normal(k, (2.0,)), TypeError, r"shape=\(2.0,\): a shape is a tuple of integers"),
        (lambda k: bits(k, 5), TypeError, r"shape=5: .*\(5,\)"),
        (lambda k: split(k, 0), ValueError, "num=0: a key splits into at least 1"),
        (lambda k: split(k, -2), ValueError, "num=-2"),
        (lambda k: split(k, 2.0), TypeError, "num=2.0: it must be an integer"),
        (lambda k: fold_in(k, -1), ValueError, "data=-1: it must be from 0 up to 4294967295"),
        (lambda k: fold_in(k, 2**32), ValueError, "data=4294967296: it must be"),
        (lambda k: fold_in(k, 0.5), TypeError, "data=0.5: it must be an integer"),
        (lambda k: fold_in(k, torch.tensor(0.5)), TypeError, "data of dtype torch.float32: it must be an integer"),
        (lambda k: fold_in(k, torch.arange(3)), ValueError, r"data of shape \(3,\): it must be one number.*torch.vmap"),
        (lambda _: key(2**63), ValueError, "seed=9223372036854775808: it must be from -9223372036854775808 up to"),
        (lambda _: key("0"), TypeError, "seed='0': it must be an integer"),
        (lambda k: uniform(k, (), 1.0, 0.0), ValueError, "low=1.0, high=0.0: uniform needs low <= high"),
        (lambda k: uniform(k, (), 0.0, math.inf), ValueError, "low=0.0, high=inf"),
        (lambda k: uniform(k, (), 0.0, math.nan), ValueError, "low=0.0, high=nan"),
        (lambda k: uniform(k, dtype=torch.float16), ValueError, "dtype=torch.float16: it must be torch.float32 or"),
        (lambda k: normal(k, dtype=torch.int64), ValueError, "dtype=torch.int64: it must be torch.float32 or"),
        (lambda k: randint(k, (), 3, 3), ValueError, "low=3, high=3: randint needs .* low < high"),
        (lambda k: randint(k, (), 0, 2**31 + 1), ValueError, r"high=2147483649: .* <= 2\*\*31"),
        (lambda k: randint(k, (), -(2**31) - 1, 0), ValueError, r"low=-2147483649, .* -2\*\*31 <= low"),
        (lambda k: randint(k, (), 0, 2.5), TypeError, "high=2.5: it must be an integer"),
        (lambda k: bernoulli(k, 50), ValueError, "p=50: a probability is from 0 up to 1"),
        (lambda k: bernoulli(k, torch.tensor([0, 1])), ValueError, "p of dtype torch.int64: probabilities are"),
        (
            lambda k: bernoulli(k, torch.rand(3), (2,)),
            ValueError,
            r"p of shape \(3,\), shape=\(2,\): `p` must broadcast",
        ),
        (lambda k: permutation(k, -1), ValueError, "n_or_x=-1: a permutation is of 0 or more"),
        (lambda k: permutations(k[None], -1), ValueError, "n_or_x=-1: a permutation is of 0 or more"),
        (lambda k: permutation(k, 2.0), TypeError, "n_or_x=2.0: it must be an integer"),
        (lambda k: permutation(k, torch.tensor(3)), ValueError, r"n_or_x=tensor\(3\): a scalar .*\.item\(\)"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_required_and_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call(key(0))
