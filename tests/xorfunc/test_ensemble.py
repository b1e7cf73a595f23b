"""Ensembles against a Python loop over their members, for functions that vmap can trace and for those that it can't."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import grad, vmap

from tests.xorfunc.problems import assert_params_close, linear_loss, module_with, network_logits, network_loss
from tests.xorfunc.strategies import dtypes, keys, labels, normal, param_dicts, seeds, sizes, tensors
from xorfunc import random
from xorfunc.checkpoint import module_to_params
from xorfunc.ensemble import ensemble_logits, ensemble_probability, ensemble_step, init_ensemble, stack_modules
from xorfunc.model import LogitPredictor, init_params
from xorfunc.random import key, split
from xorfunc.train import train_step

# Batched and single products are summed in another order: a few units in the last place of terms of size one.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@st.composite
def ensembles(draw):
    """Members with inputs `[N, D]` and labels `[N]` that fit them."""
    dtype, num, d, h = draw(dtypes), draw(sizes), draw(sizes), draw(sizes)
    members = [draw(param_dicts(dtype, num_inputs=d, num_hidden=h)) for _ in range(draw(sizes))]
    return members, draw(tensors((num, d), dtype)), labels(draw(seeds), num)


def stacked(members):
    return {name: torch.stack([member[name] for member in members]) for name in members[0]}


# One member's functions: of the network, and the same numbers by ways that vmap cannot trace.


def network_init(key):
    return init_params(key, 2, 3, 1)


def scalar_init(key):
    return {"w": random.normal(key, (2,)), "b": random.uniform(random.fold_in(key, 1), (), -1.0, 1.0)}


def partly_constant_init(key):
    return {"w": random.uniform(key, (3,)), "b": torch.zeros(2)}


def trained_init(key):
    leaf = random.normal(key, (2,)).detach().requires_grad_()
    leaf.square().sum().backward()
    return {"w": leaf, "g": leaf.grad}


def generator_init(key):
    return {"w": torch.randn(2, 2, generator=torch.Generator().manual_seed(int(key[1])))}


def module_init(key):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(key[1]))
        return dict(LogitPredictor(2, 3, 1).named_parameters())


def branching_logits(params, x):
    s = network_logits(params, x)
    return s if params["linear_s.bias"].sum() > 0 else s * 1.0


def item_logits(params, x):
    weight = params["linear_h.weight"]
    return network_logits(params, x) + 0 * weight.sum().item()


def item_loss(params, x, y):
    return network_loss(params, x, y) + 0 * params["linear_s.bias"].sum().item()


def written_logits(params, x):
    s = torch.zeros(len(x), dtype=x.dtype)
    s[:] = network_logits(params, x)
    return s


each_init = pytest.mark.parametrize(
    "init_fn", [network_init, scalar_init, partly_constant_init, trained_init, generator_init, module_init]
)
each_logits = pytest.mark.parametrize(
    "logits_fn", [network_logits, branching_logits, item_logits, written_logits], ids=lambda f: f.__name__
)
each_loss = pytest.mark.parametrize("loss_fn", [network_loss, item_loss], ids=lambda f: f.__name__)


@pytest.mark.parametrize("f", [trained_init, generator_init, module_init])
def test_these_ways_to_draw_are_beyond_vmap(f):
    with pytest.raises(RuntimeError):
        vmap(f)(split(key(0), 2))


@pytest.mark.parametrize("f", [branching_logits, item_logits, written_logits])
def test_these_ways_to_compute_are_beyond_vmap(f):
    params = init_ensemble(key(0), network_init, 2)
    with pytest.raises(RuntimeError):
        vmap(f, (0, None))(params, torch.ones(1, 2))


@each_init
@settings(max_examples=20)
@given(k=keys, num_members=sizes)
def test_member_i_is_drawn_by_the_ith_key(init_fn, k, num_members):
    params = init_ensemble(k, init_fn, num_members)
    expected = [{name: p.detach() for name, p in init_fn(each).items()} for each in split(k, num_members)]
    assert_params_close(params, stacked(expected), rtol=1e-6, atol=1e-6)


@each_init
def test_drawn_parameters_are_plain_tensors_of_their_own(init_fn):
    before = init_ensemble(key(0), init_fn, 3)
    params = init_ensemble(key(0), init_fn, 3)
    for p in params.values():
        assert not p.requires_grad
        p[0] += 1
    for name, p in params.items():
        assert torch.equal(p[1:], before[name][1:])


def test_what_init_fn_keeps_is_not_shared_with_the_ensemble():
    start = torch.zeros(2)
    params = init_ensemble(key(0), lambda key: {"w": start}, 1)
    params["w"] += 1
    assert torch.equal(start, torch.zeros(2))


def test_drawing_leaves_the_global_random_state_alone_where_init_fn_does():
    state = torch.get_rng_state()
    init_ensemble(key(0), module_init, 2)
    assert torch.equal(torch.get_rng_state(), state)


@each_logits
@settings(max_examples=20)
@given(ensemble=ensembles())
def test_ensemble_logits_equal_a_python_loop(logits_fn, ensemble):
    members, x, _ = ensemble
    expected = torch.stack([network_logits(member, x) for member in members])
    torch.testing.assert_close(ensemble_logits(logits_fn, stacked(members), x), expected, **CLOSE)


@each_logits
def test_ensemble_logits_of_no_example_are_empty(logits_fn):
    params = init_ensemble(key(0), network_init, 3)
    assert ensemble_logits(logits_fn, params, torch.zeros(0, 2)).shape == (3, 0)
    assert ensemble_probability(logits_fn, params, torch.zeros(0, 2)).shape == (0,)


@each_logits
@pytest.mark.parametrize("function", [ensemble_logits, ensemble_probability])
@settings(max_examples=20)
@given(ensemble=ensembles())
def test_gradients_flow_to_the_parameters_and_the_data(function, logits_fn, ensemble):
    members, x, _ = ensemble
    params = stacked(members)

    def score(params, x):
        return function(logits_fn, params, x).square().sum()

    def expected(params, x):
        s = torch.stack([network_logits({name: p[i] for name, p in params.items()}, x) for i in range(len(members))])
        return (s if function is ensemble_logits else s.sigmoid().mean(0)).square().sum()

    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    x_leaf = x.clone().requires_grad_()
    score(leaves, x_leaf).backward()
    for gradients in (grad(score, (0, 1))(params, x), ({name: p.grad for name, p in leaves.items()}, x_leaf.grad)):
        right = grad(expected, (0, 1))(params, x)
        assert_params_close(gradients[0], right[0], **CLOSE)
        torch.testing.assert_close(gradients[1], right[1], **CLOSE)


@each_loss
@settings(max_examples=20)
@given(ensemble=ensembles())
def test_each_member_steps_as_it_would_alone(loss_fn, ensemble):
    members, x, y = ensemble
    stepped, losses = ensemble_step(loss_fn, stacked(members), x, y, 0.5)
    alone = [train_step(network_loss, member, x, y, 0.5) for member in members]
    assert_params_close(stepped, stacked([member for member, _ in alone]), **CLOSE)
    torch.testing.assert_close(losses, torch.stack([loss for _, loss in alone]), **CLOSE)


def test_a_parameter_that_the_loss_ignores_stays_as_it_is():
    params = {"w": normal(0, (3, 2)), "unused": normal(1, (3,))}
    stepped, _ = ensemble_step(linear_loss, params, normal(2, (4, 2)), normal(3, (4,)), 0.5)
    assert torch.equal(stepped["unused"], params["unused"])
    assert not torch.equal(stepped["w"], params["w"])


@each_loss
def test_what_a_step_returns_does_not_require_grad(loss_fn):
    params = {name: p.requires_grad_() for name, p in init_ensemble(key(0), network_init, 3).items()}
    stepped, losses = ensemble_step(loss_fn, params, torch.eye(2), torch.tensor([0, 1]), 0.5)
    assert not losses.requires_grad
    assert not any(p.requires_grad for p in stepped.values())
    assert all(p.requires_grad and p.grad is None for p in params.values())


@given(ensemble=ensembles())
def test_the_ensembles_probability_is_the_mean_of_its_members(ensemble):
    members, x, _ = ensemble
    expected = torch.stack([network_logits(member, x).sigmoid() for member in members]).mean(0)
    torch.testing.assert_close(ensemble_probability(network_logits, stacked(members), x), expected, **CLOSE)


def test_sure_members_that_disagree_make_an_unsure_ensemble():
    params = {"w": torch.tensor([[1e4], [-1.0], [-1e4]]), "b": torch.zeros(3)}
    probability = ensemble_probability(lambda params, x: x @ params["w"] + params["b"], params, torch.tensor([[100.0]]))
    torch.testing.assert_close(probability, torch.tensor([1 / 3]))


class Scaled(nn.Module):
    """A module with a buffer, a frozen parameter, and another module inside."""

    def __init__(self, num_inputs):
        super().__init__()
        self.norm = nn.BatchNorm1d(num_inputs)
        self.inner = nn.Linear(num_inputs, 1)
        self.scale = nn.Parameter(torch.rand(()), requires_grad=False)


@given(num_members=sizes, size=sizes)
def test_stacked_modules_are_their_parameters_in_order(num_members, size):
    modules = [Scaled(size) for _ in range(num_members)]
    params = stack_modules(modules)
    assert_params_close(params, stacked([module_to_params(module) for module in modules]), rtol=0, atol=0)
    assert set(params) == {"norm.weight", "norm.bias", "inner.weight", "inner.bias", "scale"}


def test_stacked_modules_are_copies_that_do_not_require_grad():
    modules = [Scaled(2)]
    before, flags = stack_modules(modules), [p.requires_grad for p in modules[0].parameters()]
    params = stack_modules(modules)
    with torch.no_grad():
        for p in modules[0].parameters():
            p.add_(1)
    assert_params_close(params, before, rtol=0, atol=0)
    assert not any(p.requires_grad for p in params.values())
    assert [p.requires_grad for p in modules[0].parameters()] == flags


@given(ensemble=ensembles())
def test_an_ensemble_of_modules_gives_what_the_modules_give(ensemble):
    members, x, _ = ensemble
    modules = [module_with(member) for member in members]
    logits = ensemble_logits(network_logits, stack_modules(modules), x)
    torch.testing.assert_close(logits, torch.stack([module(x)[:, 0] for module in modules]), **CLOSE)


# Errors


def test_an_error_of_the_members_function_is_raised_as_it_is():
    def forgetful(params, x):
        return x @ params["v"]

    with pytest.raises(KeyError, match="'v'") as caught:
        ensemble_logits(forgetful, {"w": torch.ones(3, 2)}, torch.ones(1, 2))
    assert caught.value.__context__ is None
    assert caught.traceback[-1].name == "forgetful"


def test_an_error_of_a_single_member_is_raised_as_it_is():
    def picky(params, x):
        if params["w"].sum() > 2:
            raise ArithmeticError("too large")
        return x @ params["w"]

    assert ensemble_logits(picky, {"w": torch.ones(2, 2)}, torch.ones(1, 2)).shape == (2, 1)
    with pytest.raises(ArithmeticError, match="too large") as caught:
        ensemble_logits(picky, {"w": torch.tensor([[1.0, 1.0], [2.0, 2.0]])}, torch.ones(1, 2))
    assert caught.value.__context__ is None


def test_an_interrupt_ends_the_call():
    def interrupted(key):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        init_ensemble(key(0), interrupted, 2)


@pytest.mark.parametrize("num_members", [0, -1])
def test_an_ensemble_without_members_is_refused(num_members):
    with pytest.raises(ValueError, match=f"num_members={num_members}: an ensemble has at least 1 member"):
        init_ensemble(key(0), network_init, num_members)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "params has no leaf"),
        ({"w": torch.ones(3, 2), "b": torch.ones(4)}, r"params has 'b' \(4,\) torch.float32, 'w' \(3, 2\)"),
        ({"w": torch.ones(3, 2), "b": torch.ones(())}, r"params has 'b' \(\)"),
        ({"w": torch.ones(0, 2)}, "at least 1, as its first axis"),
    ],
)
def test_leaves_that_disagree_on_the_number_of_members_are_refused(params, message):
    x, y = torch.ones(1, 2), torch.ones(1)
    for function, *arguments in (
        (ensemble_logits, network_logits, params, x),
        (ensemble_probability, network_logits, params, x),
        (ensemble_step, network_loss, params, x, y, 0.1),
    ):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


def test_a_senseless_rate_is_refused():
    params = init_ensemble(key(0), network_init, 2)
    with pytest.raises(ValueError, match=r"lr=-0\.1"):
        ensemble_step(network_loss, params, torch.ones(1, 2), torch.ones(1, dtype=torch.int64), -0.1)


def changing_shape(key):
    return {"w": torch.zeros(1 + int(key[1]) % 5)}


def changing_names(key):
    return {f"w{int(key[1]) % 5}": torch.zeros(1)}


@pytest.mark.parametrize(
    ("init_fn", "message"),
    [(changing_shape, "members of an ensemble have equal shapes"), (changing_names, "of an ensemble needs exactly")],
)
def test_members_that_differ_in_form_are_refused(init_fn, message):
    with pytest.raises(ValueError, match=message):
        init_ensemble(key(0), init_fn, 10)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([], "modules is empty"),
        ([nn.Linear(2, 1), nn.Bilinear(2, 2, 1)], r"modules\[1\] is of class 'Bilinear', modules\[0\] of 'Linear'"),
        ([nn.Linear(2, 1), nn.Linear(2, 1, bias=False)], "params has no 'bias'"),
        ([nn.Linear(2, 1, bias=False), nn.Linear(2, 1)], "params has also 'bias'"),
        ([nn.Linear(2, 1), nn.Linear(3, 1)], r"'weight' is \(1, 3\) torch.float32 in member 1, \(1, 2\)"),
        ([nn.Linear(2, 1), nn.Linear(2, 1).double()], "torch.float64 in member 1"),
    ],
)
def test_modules_that_make_no_ensemble_are_refused(modules, message):
    with pytest.raises(ValueError, match=message):
        stack_modules(modules)
