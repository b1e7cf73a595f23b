"""Continuous XOR and its batches, by their laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import vmap
from torch.utils.data import DataLoader

from tests.xorfunc.strategies import keys, normal, seeds
from xorfunc.data import XORDataset, continuous_xor, minibatches, xor_labels
from xorfunc.random import key, split

MANY = 20_000


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=8))
def test_a_label_is_one_where_exactly_one_bit_is(bits):
    labels = xor_labels(torch.tensor(bits, dtype=torch.int64).reshape(-1, 2))
    assert labels.dtype == torch.int64
    assert labels.tolist() == [int(a != b) for a, b in bits]


@given(k=keys, size=st.integers(0, 20))
def test_without_noise_the_points_are_labelled_corners(k, size):
    x, y = continuous_xor(k, size, 0.0)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert torch.equal(x, x.round().clamp(0, 1))
    assert torch.equal(y, xor_labels(x.long()))


@given(k=keys, size=st.integers(0, 20))
def test_noise_moves_the_points_but_not_the_labels(k, size):
    clean, labels = continuous_xor(k, size, 0.0)
    noisy, same_labels = continuous_xor(k, size, 0.05)
    assert torch.equal(labels, same_labels)
    assert torch.equal(noisy.round().abs(), clean)
    assert not size or (noisy != clean).any()


def test_corners_are_uniform_and_noise_is_standard_in_each_coordinate():
    corners, _ = continuous_xor(key(0), MANY, 0.0)
    noisy, _ = continuous_xor(key(0), MANY, 2.0)
    noise = (noisy - corners) / 2.0
    # Six standard errors each, and the key is fixed: what passes once passes always.
    six = 6 / MANY**0.5
    assert (torch.bincount((2 * corners[:, 0] + corners[:, 1]).long()) / MANY - 0.25).abs().max() < six / 2
    assert noise.mean(dim=0).abs().max() < six
    assert (noise.std(dim=0) - 1).abs().max() < six
    # Standardised, a product's mean is a correlation: of the noise with itself across, and with the corner.
    signs = 2 * corners - 1
    for product in (noise[:, 0] * noise[:, 1], *(noise * signs).T, *(noise * signs.flip(-1)).T):
        assert product.mean().abs() < six


@given(k=keys, other=keys)
def test_the_key_determines_the_data(k, other):
    x, y = continuous_xor(k, 10, 0.1)
    again, same = continuous_xor(k, 10, 0.1)
    assert torch.equal(x, again)
    assert torch.equal(y, same)
    assert torch.equal(continuous_xor(other, 10, 0.1)[0], x) == torch.equal(k, other)


def test_vmap_over_keys_gives_the_data_sets_one_by_one():
    keys = split(key(0), 3)
    xs, ys = vmap(lambda k: continuous_xor(k, 5, 0.1))(keys)
    for k, x, y in zip(keys, xs, ys, strict=True):
        alone = continuous_xor(k, 5, 0.1)
        assert torch.equal(y, alone[1])
        torch.testing.assert_close(x, alone[0], rtol=0, atol=0)


@pytest.mark.parametrize("std", [-0.1, float("nan")])
def test_a_negative_deviation_is_refused(std):
    with pytest.raises(ValueError, match=f"std={std!r}"):
        continuous_xor(key(0), 3, std)


@given(k=keys, num=st.integers(0, 20), batch_size=st.integers(1, 25), drop_last=st.booleans(), seed=seeds)
def test_batches_are_a_permutation_with_pairs_kept(k, num, batch_size, drop_last, seed):
    x = torch.arange(num)
    y = normal(seed, (num, 3))
    batches = minibatches(k, x, y, batch_size, drop_last)
    whole, rest = divmod(num, batch_size)
    assert [len(xb) for xb, _ in batches] == [batch_size] * whole + [rest] * (rest > 0 and not drop_last)
    seen = torch.cat([x[:0], *(xb for xb, _ in batches)])
    assert len(seen.unique()) == len(seen)
    assert all(torch.equal(yb, y[xb]) for xb, yb in batches)


def test_batches_are_cut_in_one_order_whatever_their_size():
    x = torch.arange(12)
    orders = {tuple(torch.cat([xb for xb, _ in minibatches(key(3), x, x, size)]).tolist()) for size in (1, 5, 12)}
    assert len(orders) == 1
    assert orders != {tuple(range(12))}


def test_a_batch_is_a_view_of_one_gathered_tensor():
    x = torch.arange(6.0)
    batches = minibatches(key(0), x, x, 2)
    assert len({xb.untyped_storage().data_ptr() for xb, _ in batches}) == 1
    assert batches[0][0].untyped_storage().data_ptr() != x.untyped_storage().data_ptr()


def test_batches_of_no_example_are_refused():
    with pytest.raises(ValueError, match="batch_size=0"):
        minibatches(key(0), torch.zeros(3), torch.zeros(3), 0)


def test_inputs_without_partners_are_refused(no_shape_checks):
    with pytest.raises(ValueError, match="x has 3 examples, y 2"):
        minibatches(key(0), torch.zeros(3), torch.zeros(2), 2)


@given(k=keys, size=st.integers(0, 10))
def test_a_dataset_ends_where_its_length_says(k, size):
    dataset = XORDataset(k, size)
    assert len(dataset) == size == len(list(dataset))
    with pytest.raises(IndexError):
        dataset[size]


def test_a_data_loader_stacks_the_items_of_a_dataset():
    dataset = XORDataset(key(0), 5, std=0.2)
    (x, y), (x_last, y_last) = DataLoader(dataset, batch_size=3)
    assert torch.equal(torch.cat([x, x_last]), torch.stack([dataset[i][0] for i in range(5)]))
    assert torch.equal(torch.cat([y, y_last]), torch.stack([dataset[i][1] for i in range(5)]))


def test_the_key_and_the_deviation_determine_a_dataset():
    def points(k, **std):
        return torch.stack([x for x, _ in XORDataset(key(k), 20, **std)])

    assert torch.equal(points(0), points(0, std=0.1))
    assert not torch.equal(points(0), points(1))
    assert torch.equal(points(0, std=0.0), points(0, std=0.0).round())
