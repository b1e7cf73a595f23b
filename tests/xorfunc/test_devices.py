"""Devices, seeds and clocks. What needs a GPU is marked and runs where there is one."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.xorfunc.problems import assert_params_close, network_loss, solved_xor
from tests.xorfunc.strategies import dtypes, normal, seeds, sizes
from xorfunc import devices
from xorfunc.data import continuous_xor
from xorfunc.devices import Timing, interleaved, pick_device, seed_everything, timed, timed_matmul, to_device
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


class FakeMachine:
    """A clock that moves only when a call is made, and a list of all that happened."""

    def __init__(self, monkeypatch, cuda=False):
        self.now, self.events = 0.0, []
        monkeypatch.setattr(devices, "time", SimpleNamespace(perf_counter=self.clock))
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "synchronize", lambda: self.events.append("wait"))

    def clock(self):
        self.events.append("clock")
        return self.now

    def call(self, name, durations):
        """A call that takes each of the durations in turn."""
        remaining = iter(durations)

        def f():
            self.events.append(name)
            self.now += next(remaining)

        return f


durations = st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=9)


@given(warmup=st.lists(st.integers(0, 1000).map(float), max_size=3), seconds=durations)
def test_each_call_after_the_warm_up_is_timed_alone(warmup, seconds):
    with pytest.MonkeyPatch.context() as monkeypatch:
        machine = FakeMachine(monkeypatch)
        timing = timed(machine.call("f", warmup + seconds), warmup=len(warmup), repeats=len(seconds))
    assert timing.seconds == tuple(seconds)
    assert machine.events == ["f"] * len(warmup) + ["clock", "f", "clock"] * len(seconds)


@pytest.mark.parametrize("cuda", [True, False])
def test_a_call_is_timed_from_an_idle_device_to_an_idle_device(monkeypatch, cuda):
    machine = FakeMachine(monkeypatch, cuda)
    timed(machine.call("f", [1.0] * 3), warmup=1, repeats=2)
    assert machine.events == ["f", *(["wait", "clock", "f", "wait", "clock"] if cuda else ["clock", "f", "clock"]) * 2]


def test_contenders_take_turns_and_each_round_starts_with_another(monkeypatch):
    machine = FakeMachine(monkeypatch)
    contenders = {
        name: machine.call(name, [100.0, *(i + 10 * k for k in range(4))]) for i, name in enumerate("abc", start=1)
    }
    timings = interleaved(contenders, warmup=1, rounds=4)
    assert "".join(event for event in machine.events if event != "clock") == "abc" + "abc" + "bca" + "cab" + "abc"
    assert timings == {"a": ((1, 11, 21, 31),), "b": ((2, 12, 22, 32),), "c": ((3, 13, 23, 33),)}
    assert list(timings) == ["a", "b", "c"]
    assert all(isinstance(timing, Timing) for timing in timings.values())


def test_nobody_to_time_takes_no_time():
    assert interleaved({}) == {}


@given(seconds=durations)
def test_median_and_spread_are_those_of_numpy(seconds):
    timing = Timing(tuple(seconds))
    assert timing.median == np.median(seconds)
    assert timing.spread == pytest.approx(np.subtract(*np.percentile(seconds, [75, 25])), abs=1e-9)


@given(seconds=durations, factor=st.sampled_from([0.5, 1.0, 8.0]), data=st.data())
def test_a_ratio_is_that_of_each_round_whatever_the_machine_does_between_rounds(seconds, factor, data):
    slowdowns = data.draw(st.lists(st.sampled_from([1.0, 2.0, 64.0]), min_size=len(seconds), max_size=len(seconds)))
    ours = Timing(tuple(factor * s * t for s, t in zip(slowdowns, seconds, strict=True)))
    theirs = Timing(tuple(s * t for s, t in zip(slowdowns, seconds, strict=True)))
    assert ours.ratio_to(theirs) == factor
    assert theirs.ratio_to(ours) == 1 / factor


def test_a_ratio_is_the_median_of_the_rounds_not_the_ratio_of_the_medians():
    assert Timing((1.0, 4.0, 9.0)).ratio_to(Timing((1.0, 1.0, 3.0))) == 3.0


def test_calls_of_different_rounds_have_no_ratio():
    with pytest.raises(ValueError, match="2 calls and 1"):
        Timing((1.0, 2.0)).ratio_to(Timing((1.0,)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda f: timed(f, repeats=0), "repeats=0"),
        (lambda f: timed(f, warmup=-1), "warmup=-1"),
        (lambda f: interleaved({"f": f}, rounds=0), "rounds=0"),
        (lambda f: interleaved({"f": f}, warmup=-1), "warmup=-1"),
    ],
)
def test_no_call_is_made_where_none_could_be_timed(make, message):
    with pytest.raises(ValueError, match=message):
        make(lambda: pytest.fail("called"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_work_of_a_gpu_is_in_its_time():
    a = torch.rand(4096, 4096, device="cuda")
    one = timed(lambda: a @ a, repeats=5)
    many = timed(lambda: [a @ a for _ in range(32)], repeats=5)
    assert many.median > 8 * one.median  # only queueing the products would hardly take longer


@pytest.mark.parametrize("device", DEVICES)
def test_training_stays_on_its_device(device):
    x, y = (tensor.to(device) for tensor in continuous_xor(key(0), 16, 0.1))
    params = to_device(solved_xor(sharpness=1.0), device)
    trained, losses = fit(key(1).to(device), network_loss, params, x, y, optimizer=adam(0.1), num_epochs=2)
    assert {p.device.type for p in [*trained.values(), losses]} == {device}
