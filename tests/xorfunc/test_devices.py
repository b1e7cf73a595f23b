"""Devices, seeds and clocks. What needs a GPU is marked and runs where there is one."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given

from tests.xorfunc.problems import assert_params_close, network_loss, solved_xor
from tests.xorfunc.strategies import dtypes, normal, seeds, sizes
from xorfunc import devices
from xorfunc.data import continuous_xor
from xorfunc.devices import pick_device, seed_everything, timed_matmul, to_device
from xorfunc.optim import adam
from xorfunc.random import key
from xorfunc.train import fit

needs_cuda = [pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
DEVICES = ["cpu", pytest.param("cuda", marks=needs_cuda)]


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_cuda_is_picked_where_it_is_available(monkeypatch, available, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert pick_device() == torch.device(device)


@pytest.mark.parametrize("device", ["cpu", "meta", *DEVICES[1:]])
def test_parameters_move_and_the_original_stays(device):
    params = solved_xor()
    moved = to_device(params, device)
    assert moved is not params
    assert {p.device.type for p in moved.values()} == {device}
    assert_params_close(params, solved_xor())
    assert {name: p.shape for name, p in moved.items()} == {name: p.shape for name, p in params.items()}


@pytest.fixture
def global_state():
    """The global random state and cuDNN's flags, given back after a test that changes them."""
    flags = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    yield
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = flags
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])


def draw_everywhere():
    return torch.rand(()).item(), np.random.rand(), random.random()


@pytest.mark.usefixtures("global_state")
def test_a_seed_repeats_every_source_and_another_changes_every_source():
    for first, second in [(0, 1), (2**31, 2**32 - 1)]:
        seed_everything(first)
        drawn = draw_everywhere()
        seed_everything(second)
        assert all(a != b for a, b in zip(draw_everywhere(), drawn, strict=True))
        seed_everything(first)
        assert draw_everywhere() == drawn


@pytest.mark.usefixtures("global_state")
def test_a_seed_makes_cudnn_choose_the_same_algorithm():
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, True
    seed_everything(0)
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (True, False)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_cannot_take_changes_nothing(seed):
    state = random.getstate()
    with pytest.raises(ValueError, match=f"seed={seed}"):
        seed_everything(seed)
    assert random.getstate() == state


@given(sizes, sizes, sizes, seeds, dtypes)
def test_the_timed_product_is_the_product(n, d, m, seed, dtype):
    a, b = normal(seed, (n, d), dtype), normal(seed, (d, m), dtype)
    product, seconds = timed_matmul(a, b)
    assert torch.equal(product, a @ b)
    assert type(seconds) is float
    assert seconds > 0


def test_the_clock_waits_for_a_gpu_before_it_starts_and_before_it_stops(no_shape_checks, monkeypatch):
    events = []

    class OnGpu:
        """As much of a CUDA tensor as a clock sees."""

        device = torch.device("cuda")

        def __matmul__(self, other):
            events.append("multiply")
            return self

    def clock():
        events.append("clock")
        return 0.0

    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: events.append("wait"))
    monkeypatch.setattr(devices, "time", SimpleNamespace(perf_counter=clock))
    timed_matmul(OnGpu(), OnGpu())
    assert events == ["wait", "clock", "multiply", "wait", "clock"]


@pytest.mark.parametrize("device", DEVICES)
def test_training_stays_on_its_device(device):
    x, y = (tensor.to(device) for tensor in continuous_xor(key(0), 16, 0.1))
    params = to_device(solved_xor(sharpness=1.0), device)
    trained, losses = fit(key(1).to(device), network_loss, params, x, y, optimizer=adam(0.1), num_epochs=2)
    assert {p.device.type for p in [*trained.values(), losses]} == {device}
