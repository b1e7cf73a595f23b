"""`fit_ensemble` against `fit` of each member alone, on every backend."""

import subprocess
import sys

import pytest
import torch

from tests.xorfunc.problems import network_loss
from tests.xorfunc.strategies import normal
from tests.xorfunc.test_backends import OPTIMIZERS, needs_compiler, relu_loss, relu_params
from xorfunc import ensemble
from xorfunc.data import continuous_xor
from xorfunc.ensemble import fit_ensemble
from xorfunc.model import init_params
from xorfunc.optim import adam
from xorfunc.random import key, split
from xorfunc.random import normal as normal_of
from xorfunc.train import fit

CLOSE = {"rtol": 2e-4, "atol": 2e-5}

pytestmark = pytest.mark.usefixtures("no_shape_checks")


def init(key):
    return init_params(key, 2, 4, 1)


def assert_members_are_as_alone(num_members, *, init_fn=init, loss_fn=network_loss, num=11, dtype=None, **settings):
    x, y = continuous_xor(key(0), num, 0.1)
    x = x if dtype is None else x.to(dtype)
    backend = settings.pop("backend")
    together = fit_ensemble(key(3), init_fn, loss_fn, x, y, num_members, backend=backend, **settings)
    init_key, fit_key = split(key(3))
    assert together.losses.shape == (num_members, settings["num_epochs"])
    chosen = sorted({0, num_members // 2, num_members - 1})
    for i in chosen:
        start = init_fn(split(init_key, num_members)[i])
        alone = fit(fit_key, loss_fn, start, x, y, backend="eager", **settings)
        torch.testing.assert_close({name: p[i] for name, p in together.params.items()}, alone.params, **CLOSE)
        torch.testing.assert_close(together.losses[i], alone.losses, **CLOSE)
    results = [*together.params.values(), together.losses]
    assert not any(t.requires_grad or t.is_inference() for t in results)


@pytest.mark.parametrize("backend", ["eager", "traced"])
@pytest.mark.parametrize("num_members", [1, 3, 16, 37])
def test_a_member_is_trained_as_it_would_be_alone(monkeypatch, backend, num_members):
    monkeypatch.setattr(ensemble, "CHUNK_FLOATS", 16 * 16)  # chunks of 16, and a last one that has to be filled
    assert_members_are_as_alone(num_members, backend=backend, num_epochs=3, batch_size=4)


@pytest.mark.parametrize("backend", ["eager", "traced"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_any_optimizer_trains_members(backend, optimizer):
    assert_members_are_as_alone(3, backend=backend, num_epochs=3, batch_size=4, optimizer=optimizer)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_members", "settings"),
    [
        (40, {"loss_fn": relu_loss}),
        (70, {"optimizer": adam(0.01), "dtype": torch.float64}),
    ],
)
def test_compiled_members_are_trained_as_they_would_be_alone(monkeypatch, recwarn, num_members, settings):
    monkeypatch.setattr(ensemble, "CHUNK_FLOATS", 16 * 16)
    if settings.get("loss_fn") is relu_loss:
        shapes = {name: p.shape for name, p in relu_params().items()}
        settings["init_fn"] = lambda key: {name: 0.5 * normal_of(key, tuple(s)) for name, s in shapes.items()}
    if "dtype" in settings:
        settings["init_fn"] = lambda key: {name: p.double() for name, p in init(key).items()}
    assert_members_are_as_alone(num_members, backend="compiled", num_epochs=3, batch_size=4, **settings)
    assert not [w for w in recwarn if "instead of" in str(w.message)]


def test_what_vmap_cannot_trace_is_trained_member_by_member():
    def branching(params, x, y):
        loss = network_loss(params, x, y)
        return 2 * loss if loss > 0.69 else loss

    assert_members_are_as_alone(3, loss_fn=branching, backend="eager", num_epochs=2, batch_size=4)
    with pytest.warns(UserWarning, match="'eager' instead of 'traced'"):
        assert_members_are_as_alone(3, loss_fn=branching, backend="traced", num_epochs=2, batch_size=4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_members": 0}, "num_members=0"),
        ({"backend": "fast"}, "backend='fast'"),
        ({"num_epochs": 0}, "num_epochs=0"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_it_refuses_what_it_cannot_run(wrong, message):
    x, y = continuous_xor(key(0), 4, 0.1)
    settings = {"num_members": 2} | wrong
    with pytest.raises(ValueError, match=message):
        fit_ensemble(key(0), init, network_loss, x, y, **settings)


def test_results_share_no_memory_between_members():
    x, y = continuous_xor(key(0), 8, 0.1)
    run = fit_ensemble(key(0), lambda key: {"w": torch.zeros(2)}, lambda p, x, y: p["w"].sum(), x, y, 3, num_epochs=1)
    run.params["w"][0] = 5
    assert not (run.params["w"][1:] == 5).any()


@pytest.mark.parametrize(("num_members", "floats"), [(1, 512), (7, 512), (300, 512), (1000, 10**9), (65536, 1)])
def test_chunks_hold_all_members_and_little_more(num_members, floats):
    num_chunks, size = ensemble._chunks(num_members, floats)
    assert num_members <= num_chunks * size < num_members + size
    assert size <= 1024
    assert size * floats <= max(ensemble.CHUNK_FLOATS, 16 * floats)


@pytest.mark.slow
def test_memory_grows_with_the_chunk_and_not_with_members_times_data():
    program = (
        "import resource, sys, torch\n"
        "from tests.xorfunc.test_fit_ensemble import *\n"
        "x, y = continuous_xor(key(0), 1000, 0.1)\n"
        "fit_ensemble(key(0), init, network_loss, x, y, int(sys.argv[1]), num_epochs=1,"
        " batch_size=1000, backend='traced')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(num_members):
        told = subprocess.run([sys.executable, "-c", program, str(num_members)], capture_output=True, text=True)
        return int(told.stdout) * 1024

    # One layer's outputs for all members and examples would be 4096 * 1000 * 4 floats.
    assert peak(4096) - peak(64) < 4096 * 1000 * 4 * 4


def test_float64_data_trains_float64_members():
    x, y = normal(0, (6, 2), torch.float64), torch.tensor([0, 1, 0, 1, 1, 0])
    run = fit_ensemble(
        key(0), lambda key: {n: p.double() for n, p in init(key).items()}, network_loss, x, y, 2, num_epochs=2
    )
    assert {t.dtype for t in (*run.params.values(), run.losses)} == {torch.float64}
