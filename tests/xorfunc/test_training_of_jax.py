"""A hundred epochs beside those of a JAX program that draws, differentiates and steps by itself, from the same seed.

The recorded runs need no JAX. The live ones import it in a fixture, as in `test_random_live_jax`.
"""

import json
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.golden import record_jax_training as recorder
from tests.xorfunc.problems import assert_params_close, network_loss
from xorfunc import optim
from xorfunc.data import continuous_xor
from xorfunc.ensemble import init_ensemble
from xorfunc.model import init_params
from xorfunc.random import key, split
from xorfunc.train import fit

# Whole runs are compared, and checking the shapes of every call would take longer than they do.
pytestmark = pytest.mark.usefixtures("no_shape_checks")

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "jax_training.json").read_text())["cases"]

# The libraries add in different orders and compute tanh by different polynomials; 800 steps make 1e-7 into 1e-5.
CLOSE_LOSSES = {"rtol": 1e-4, "atol": 0.0}
CLOSE_PARAMS = {"rtol": 1e-3, "atol": 1e-4}

LIVE = [
    {"seed": 2**31, "optimizer": "sgd", "arguments": {"lr": 0.1}, "batch_size": 128},
    {"seed": 3, "optimizer": "momentum", "arguments": {"lr": 0.1, "decay": 0.5}, "batch_size": 250},
    {"seed": 4, "optimizer": "adam", "arguments": {"lr": 0.01, "b1": 0.8, "b2": 0.99}, "batch_size": 300},
]


def name_of(case):
    return f"{case['optimizer']}-{case['batch_size']}-seed{case['seed']}"


def trained_here(seed, optimizer, arguments, batch_size):
    """What `fit` makes of a case."""
    data_key, init_key, fit_key = split(key(seed), 3)
    x, y = continuous_xor(data_key, recorder.SIZE, recorder.STD)
    return fit(
        fit_key,
        network_loss,
        init_params(init_key, *recorder.SIZES),
        x,
        y,
        optimizer=getattr(optim, optimizer)(**arguments),
        num_epochs=recorder.NUM_EPOCHS,
        batch_size=batch_size,
        backend="eager",
    )


def assert_trained_alike(ours, losses, params):
    assert_close(ours.losses, torch.tensor(losses), **CLOSE_LOSSES)
    assert_params_close(ours.params, {name: torch.tensor(p) for name, p in params.items()}, **CLOSE_PARAMS)


def test_every_case_was_recorded():
    assert [{name: case[name] for name in recorder.CASES[0]} for case in GOLDEN] == recorder.CASES


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name_of(case), marks=[pytest.mark.slow] * (case["seed"] != 0)) for case in GOLDEN]
)
def test_training_gives_the_losses_and_parameters_that_were_recorded_of_jax(case):
    theirs = dict(case)
    losses, params = theirs.pop("losses"), theirs.pop("params")
    assert len(losses) == recorder.NUM_EPOCHS
    assert losses[-1] < losses[0], "nothing was learned, so nothing would be compared"
    assert_trained_alike(trained_here(**theirs), losses, params)


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax", reason="JAX is not installed: it comes with the extra `jax`")


@pytest.mark.jax
@pytest.mark.usefixtures("jax")
@pytest.mark.parametrize("case", LIVE, ids=name_of)
def test_training_gives_what_the_jax_installed_here_gives(case):
    assert_trained_alike(trained_here(**case), **recorder.train(**case))


@pytest.mark.jax
def test_each_member_of_jaxs_ensemble_is_the_network_that_is_trained_alone_here(jax):
    from benchmarks import jax_training

    num_members, num_epochs = 3, 10
    theirs = jax_training.fit_ensemble(
        jax.random.key(5),
        *jax_training.continuous_xor(jax.random.key(6), 300, 0.1),
        init_fn=lambda key: jax_training.init_params(key, 2, 4, 1),
        num_members=num_members,
        optimizer=jax_training.sgd(0.5),
        num_epochs=num_epochs,
        batch_size=64,
    )
    init_key, fit_key = split(key(5))
    x, y = continuous_xor(key(6), 300, 0.1)
    start = init_ensemble(init_key, lambda key: init_params(key, 2, 4, 1), num_members)
    for i in range(num_members):
        member = {name: p[i] for name, p in start.items()}
        ours = fit(
            fit_key,
            network_loss,
            member,
            x,
            y,
            optimizer=optim.sgd(0.5),
            num_epochs=num_epochs,
            batch_size=64,
            backend="eager",
        )
        assert_trained_alike(ours, theirs.losses[i].tolist(), {n: p[i].tolist() for n, p in theirs.params.items()})
