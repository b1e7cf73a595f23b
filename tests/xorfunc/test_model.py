"""The network as a function, beside the same network as a module."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.func import grad, vmap

from tests.xorfunc.problems import assert_params_close, module_with, network_logits, solved_xor
from tests.xorfunc.strategies import dtypes, keys, normal, param_dicts, seeds, sizes
from xorfunc.data import xor_labels
from xorfunc.model import LogitPredictor, affine, count_parameters, functional_logits, init_params, logits
from xorfunc.random import key, split

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@given(k=keys, d=sizes, h=sizes, o=sizes)
def test_initial_parameters_load_into_the_module(k, d, h, o):
    params = init_params(k, d, h, o)
    LogitPredictor(d, h, o).load_state_dict(params, strict=True)
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in params.values())


@given(k=keys, d=sizes, h=sizes, o=sizes)
def test_initial_parameters_stay_within_one_over_root_fan_in(k, d, h, o):
    for name, p in init_params(k, d, h, o).items():
        assert p.abs().max() <= (d if name.startswith("linear_h") else h) ** -0.5


def test_initial_parameters_are_uniform_over_their_range():
    params = init_params(key(0), 100, 225, 100)
    for name, fan_in in [("linear_h.weight", 100), ("linear_s.weight", 225)]:
        scaled = params[name].flatten() * fan_in**0.5
        # Mean 0 and variance 1/3, each to six standard errors of 22,500 draws.
        assert scaled.mean().abs() < 6 * (1 / 3 / len(scaled)) ** 0.5
        assert (scaled.var() - 1 / 3).abs() < 6 * (4 / 45 / len(scaled)) ** 0.5


def test_no_two_leaves_or_units_start_equal():
    entries = torch.cat([p.flatten() for p in init_params(key(0), 4, 4, 4).values()])
    assert len(entries.unique()) == len(entries)


@given(k=keys, other=keys)
def test_the_key_determines_the_initial_parameters(k, other):
    first, again = init_params(k, 2, 4, 1), init_params(k, 2, 4, 1)
    assert_params_close(first, again, rtol=0, atol=0)
    assert torch.equal(init_params(other, 2, 4, 1)["linear_s.bias"], first["linear_s.bias"]) == torch.equal(k, other)


def test_vmap_over_keys_gives_the_members_one_by_one():
    keys = split(key(0), 3)
    stacked = vmap(lambda k: init_params(k, 2, 4, 1))(keys)
    for i, k in enumerate(keys):
        assert_params_close({name: p[i] for name, p in stacked.items()}, init_params(k, 2, 4, 1), rtol=0, atol=0)


@pytest.mark.parametrize("sizes", [(0, 4, 1), (2, 0, 1), (2, 4, -1)])
def test_a_layer_without_units_is_refused(sizes):
    with pytest.raises(ValueError, match="every layer has at least 1 unit"):
        init_params(key(0), *sizes)


@given(batch=st.lists(st.integers(0, 4), max_size=3), d=sizes, h=sizes, seed=seeds, dtype=dtypes)
def test_affine_is_a_sum_of_products_over_the_last_axis(batch, d, h, seed, dtype):
    weight, bias, x = normal(seed, (h, d), dtype), normal(seed + 1, (h,), dtype), normal(seed + 2, (*batch, d), dtype)
    torch.testing.assert_close(affine(weight, bias, x), torch.einsum("hd,...d->...h", weight, x) + bias, **CLOSE)


@st.composite
def networks(draw):
    dtype, d, num_outputs = draw(dtypes), draw(sizes), draw(sizes)
    batch = draw(st.lists(st.integers(0, 4), max_size=3))
    params = draw(param_dicts(dtype, num_inputs=d, num_outputs=num_outputs))
    return params, normal(draw(seeds), (*batch, d), dtype)


@given(networks())
def test_logits_equal_the_module_with_the_same_parameters(network):
    params, x = network
    torch.testing.assert_close(logits(params, x), module_with(params)(x).detach(), **CLOSE)


@given(networks())
def test_functional_logits_runs_a_module_on_parameters_not_its_own(network):
    params, x = network
    module = module_with({name: torch.zeros_like(p) for name, p in params.items()})
    assert torch.equal(functional_logits(module, params, x), logits(params, x))
    assert all((p == 0).all() and p.requires_grad for p in module.parameters())


@given(networks())
def test_functional_logits_differentiates_as_logits_does(network):
    params, x = network
    module = module_with(params)
    by_module = grad(lambda params: functional_logits(module, params, x).tanh().sum())(params)
    assert_params_close(by_module, grad(lambda params: logits(params, x).tanh().sum())(params), **CLOSE)


@given(networks(), st.integers(1, 4))
def test_vmap_over_members_equals_a_python_loop(network, members):
    params, x = network
    stacked = {name: torch.stack([p * (k + 1) for k in range(members)]) for name, p in params.items()}
    looped = [logits({name: p[k] for name, p in stacked.items()}, x) for k in range(members)]
    # A batched product sums in another order than a single one, and its terms may cancel.
    torch.testing.assert_close(vmap(logits, in_dims=(0, None))(stacked, x), torch.stack(looped), rtol=1e-4, atol=1e-5)


@given(dtype=dtypes)
def test_a_network_set_by_hand_solves_xor(dtype):
    corners = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    signs = 2 * xor_labels(corners) - 1
    torch.testing.assert_close(network_logits(solved_xor(dtype=dtype), corners.to(dtype)), signs.to(dtype))


@given(networks(), st.data())
def test_a_missing_name_is_refused(network, data):
    params, x = network
    module = module_with(params)
    missing = data.draw(st.sampled_from(sorted(params)))
    with pytest.raises(ValueError, match=f"params has no '{missing}'"):
        functional_logits(module, {name: p for name, p in params.items() if name != missing}, x)


def test_an_unexpected_name_is_refused():
    params = solved_xor()
    with pytest.raises(ValueError, match=r"params has also 'linear_h\.wieght'"):
        functional_logits(module_with(params), {**params, "linear_h.wieght": torch.zeros(1)}, torch.zeros(1, 2))


def test_a_message_lists_no_more_than_six_names():
    module = nn.Sequential(*(nn.Linear(1, 1) for _ in range(10)))
    with pytest.raises(
        ValueError, match=r"has no '0.bias', '0.weight', '1.bias', '1.weight', '2.bias', '2.weight', \.\.\. \(it"
    ):
        functional_logits(module, {}, torch.zeros(1, 1))


def test_functional_logits_leaves_the_buffers_of_a_module_alone():
    module = nn.BatchNorm1d(2).train()
    before = {name: b.clone() for name, b in module.named_buffers()}
    functional_logits(module, dict(module.named_parameters()), torch.randn(8, 2))
    assert_params_close(dict(module.named_buffers()), before, rtol=0, atol=0)


def test_functional_logits_shares_a_tied_weight():
    module = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    module[1].weight = module[0].weight
    assert torch.equal(
        functional_logits(module, {"0.weight": 2 * torch.eye(2)}, torch.ones(1, 2)), torch.full((1, 2), 4.0)
    )


@given(k=keys, d=sizes, h=sizes, o=sizes)
def test_parameters_are_counted_entry_by_entry(k, d, h, o):
    assert count_parameters(init_params(k, d, h, o)) == d * h + h + h * o + o


def test_no_parameters_count_zero():
    assert count_parameters({}) == 0
