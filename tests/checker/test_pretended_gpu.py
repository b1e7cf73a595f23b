"""A pretended GPU: what is moved there says so, and a measured time shows the clock and the waiting."""

import datetime
import random
import time
import timeit
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.cuda import synchronize

from checker import global_state
from checker.busy_time import elapsed
from checker.pretended_gpu import pretended_gpu

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
ONES = torch.ones(2, 2)


# Places


@pytest.mark.parametrize(
    "move",
    [
        lambda leaf, device: leaf.to(device),
        lambda leaf, device: leaf.to(device=device, dtype=leaf.dtype),
        lambda leaf, device: leaf.to(str(device), copy=True),
        lambda leaf, device: leaf.cuda() if device.type == "cuda" else leaf.cpu(),
        lambda leaf, device: torch.empty_like(leaf, device=device).copy_(leaf),
        lambda leaf, device: torch.tensor(leaf.tolist(), device=device),
        lambda leaf, device: torch.stack([leaf]).to(device)[0],
    ],
)
@pytest.mark.parametrize("there", [CPU, CUDA])
@pytest.mark.parametrize("here", [CPU, CUDA])
def test_a_moved_tensor_is_there_and_the_first_one_stays(
    move: Callable[[Tensor, torch.device], Tensor], here: torch.device, there: torch.device
):
    with pretended_gpu(move) as gpu:
        leaf = gpu.holding(ONES) if here.type == "cuda" else ONES.clone()
        moved = move(leaf, there)
        assert gpu.device_of(moved) == moved.device.type == there.type
        assert gpu.device_of(leaf) == leaf.device.type == here.type
        assert (moved.is_cuda, moved.is_cpu) == (there.type == "cuda", there.type == "cpu")
    assert moved.equal(ONES)
    assert moved.device == CPU


def test_a_tensor_whose_data_is_moved_is_moved_itself():
    def move(leaf: Tensor) -> None:
        leaf.data = leaf.data.to("cuda")

    leaf = ONES.clone()
    with pretended_gpu(move) as gpu:
        move(leaf)
        assert gpu.device_of(leaf) == "cuda"
        leaf.data = leaf.data.cpu()
        assert gpu.device_of(leaf) == "cpu"


def test_what_is_computed_from_a_tensor_on_the_gpu_is_there():
    with pretended_gpu(torch.matmul) as gpu:
        product = gpu.holding(ONES) @ gpu.holding(ONES)
        assert gpu.device_of(product) == "cuda"
        assert gpu.device_of(ONES @ ONES) == "cpu"
        assert gpu.device_of(gpu.holding(ONES).zero_()) == "cuda"
        assert all(gpu.device_of(row) == "cuda" for row in product.unbind())
    assert product.equal(ONES @ ONES)


def test_what_is_no_tensor_is_said_to_be_none():
    with pretended_gpu(print) as gpu:
        assert gpu.device_of(3.0) == "an object of type float"


def test_torch_says_whether_there_is_a_gpu_and_afterwards_what_it_said_before():
    before = torch.cuda.is_available(), torch.cuda.synchronize, time.time, datetime.datetime
    with pretended_gpu(print):
        assert torch.cuda.is_available()
        assert torch.cuda.device_count() == 1
        assert torch.accelerator.current_accelerator() == torch.device("cuda", 0)
    with pretended_gpu(print, present=False):
        assert not torch.cuda.is_available()
        assert torch.cuda.device_count() == 0
        with pytest.raises(AssertionError, match="no GPU"):
            torch.cuda.synchronize()
    assert (torch.cuda.is_available(), torch.cuda.synchronize, time.time, datetime.datetime) == before


def test_everything_is_put_back_after_an_exception_too():
    before = torch.cuda.is_available, perf_counter
    with pytest.raises(ValueError, match="broken"), pretended_gpu(queued):
        raise ValueError("broken")
    assert (torch.cuda.is_available, perf_counter) == before


def test_seeds_of_the_gpu_are_noted():
    with global_state.preserved(), pretended_gpu(torch.manual_seed) as gpu:
        torch.manual_seed(3)
        torch.cuda.manual_seed(4)
        random.seed(5)
        torch.default_generator.manual_seed(6)
    assert gpu.seeds == [3, 4]


# Times


def measured(function: Callable[[Tensor, Tensor], Any]) -> str:
    with pretended_gpu(function) as gpu:
        _, seconds = function(gpu.holding(ONES), gpu.holding(ONES))
    return gpu.time.counted(seconds)


def waited(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = time.perf_counter()
    product = a @ b
    torch.cuda.synchronize()
    return product, time.perf_counter() - start


def by_imported_names(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = perf_counter()
    product = a @ b
    synchronize()
    return product, perf_counter() - start


def by_names_imported_inside(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    from time import monotonic_ns

    start = monotonic_ns()
    product = a @ b
    torch.cuda.current_stream().synchronize()
    return product, (monotonic_ns() - start) / 1e9


def by_reading_the_result(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = timeit.default_timer()
    product = a @ b
    product.sum().item()
    return product, timeit.default_timer() - start


def by_a_clock_that_nobody_sees(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    return a @ b, timeit.timeit(lambda: (a @ b, torch.cuda.synchronize(a.device)), number=1)


def by_events(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    product = a @ b
    end.record()
    end.synchronize()
    return product, start.elapsed_time(end) / 1000


@pytest.mark.parametrize(
    "function",
    [
        waited,
        by_imported_names,
        by_names_imported_inside,
        by_reading_the_result,
        by_a_clock_that_nobody_sees,
        by_events,
    ],
)
def test_whoever_waits_before_a_monotonic_clock_stops_has_counted_the_work(function: Any):
    assert measured(function) == "counted"


def queued(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = perf_counter()
    product = a @ b
    return product, perf_counter() - start


def too_late(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    product, seconds = queued(a, b)
    torch.cuda.synchronize()
    return product, seconds


def on_the_wall(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = time.time()
    product = a @ b
    torch.cuda.synchronize()
    return product, time.time() - start


def by_dates(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = datetime.datetime.now()
    product = a @ b
    torch.cuda.synchronize()
    return product, (datetime.datetime.now() - start).total_seconds()


def of_the_processor(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    start = time.process_time()
    product = a @ b
    torch.cuda.synchronize()
    return product, time.process_time() - start


def in_milliseconds(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    product, seconds = waited(a, b)
    return product, 1000 * seconds


def backwards(a: Tensor, b: Tensor) -> tuple[Tensor, float]:
    product, seconds = waited(a, b)
    return product, -seconds


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (queued, "not waited for"),
        (too_late, "waited for after the clock has stopped"),
        (on_the_wall, "measured by the clock on the wall, which may be set back"),
        (by_dates, "measured by the clock on the wall, which may be set back"),
        (of_the_processor, "measured by processor time, which stands still while it waits"),
        (in_milliseconds, "counted in another unit"),
        (backwards, "not more than 0"),
    ],
)
def test_each_way_to_measure_wrongly_is_told_apart(function: Any, told: str):
    assert measured(function) == told


def test_a_time_is_a_float_above_zero():
    assert elapsed(0.5) == "more than 0"
    assert elapsed(0.0) == "not more than 0"
    assert elapsed(1) == "measured by an object of type int"
