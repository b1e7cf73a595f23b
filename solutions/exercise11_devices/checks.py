"""How exercise 11 is checked: the inputs of each function, what must hold of it, and its hints.

What concerns a GPU is watched on a pretended one, on every machine: whether the function asks for it, moves tensors
there, seeds it, and waits for it.
"""

import random

import numpy as np
import torch

from checker.spec import check, elapsed, integer, one_of, params, pretended_gpu, pure, seen_by, tensor

ANSWERS = [
    *(f"xorfunc.devices.{name}" for name in ("pick_device", "to_device", "seed_everything", "timed_matmul")),
    *(f"xorfunc.devices.{name}" for name in ("timed", "interleaved")),
]


def kind_of(device):
    return device.type if isinstance(device, torch.device) else f"an object of type {type(device).__name__}"


def with_and_without_a_gpu(answer):
    with pretended_gpu(answer.pick_device):
        with_one = answer.pick_device()
    with pretended_gpu(answer.pick_device, present=False):
        without = answer.pick_device()
    return {"the device with a GPU": kind_of(with_one), "the device without": kind_of(without)}


check(
    "pick_device",
    trial=with_and_without_a_gpu,
    off_limits=ANSWERS,
    on_stand_in="that it is chosen where there is one",
    hints=[
        "torch.cuda can say whether there is a device.",
        'torch.device("cuda" if torch.cuda.is_available() else "cpu")',
    ],
)


def places(gpu, params):
    return {name: gpu.device_of(leaf) for name, leaf in params.items()} if isinstance(params, dict) else params


def move(answer, params, here, there):
    with pretended_gpu(answer.to_device) as gpu:
        if here == "cuda":
            params = {name: gpu.holding(leaf) for name, leaf in params.items()}
        moved = answer.to_device(params, torch.device(there))
        devices = {"the new devices": places(gpu, moved), "the devices of the originals": places(gpu, params)}
    return {"the parameters": moved, "a new dict": moved is not params, **devices}


check(
    "to_device",
    params=params({"linear_h.weight": "H D", "linear_h.bias": "H", "scale": ""}),
    here=one_of("cpu", "cuda"),
    there=one_of("cuda", "cpu"),
    trial=move,
    off_limits=ANSWERS,
    on_stand_in="moving there and back",
    hints=[
        "A tensor has a method that gives it on another device.",
        "A new dict, {name: leaf.to(device) for name, leaf in params.items()}: the old one keeps what it has.",
    ],
)


def draw():
    return {"torch": torch.rand(4).tolist(), "NumPy": np.random.rand(4).tolist(), "Python": random.random()}


def seed_and_draw(answer, seed):
    returned = answer.seed_everything(seed)
    first = draw()
    answer.seed_everything(seed)
    again = draw()
    answer.seed_everything(seed + 1)
    other = draw()
    repeats = {f"{name} repeats for the same seed": first[name] == again[name] for name in first}
    differs = {f"{name} repeats for another seed": first[name] == other[name] for name in first}
    return {"the result": returned, **repeats, **differs}


def settles_cudnn(answer, seed):
    """Sets cudnn.deterministic to True and cudnn.benchmark to False"""
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, True
    answer.seed_everything(seed)
    return {
        "cudnn.deterministic": torch.backends.cudnn.deterministic,
        "cudnn.benchmark": torch.backends.cudnn.benchmark,
    }


def seeds_the_gpu(answer, seed):
    """Seeds the GPU, too, where there is one"""
    with pretended_gpu(answer.seed_everything) as gpu:
        answer.seed_everything(seed)
        first = gpu.seeds[-1:]
        answer.seed_everything(seed + 1)
    other = gpu.seeds[-1:]
    return {"the GPU": "not seeded" if not first else "seeded alike for any seed" if first == other else "seeded"}


check(
    "seed_everything",
    seed=integer(0, 2**31),
    trial=seed_and_draw,
    without=[pure],
    laws=[seen_by(settles_cudnn, count=3), seen_by(seeds_the_gpu, count=3)],
    off_limits=ANSWERS,
    on_stand_in="that it is seeded",
    hints=[
        "Three libraries, three calls: random.seed, np.random.seed, torch.manual_seed.",
        "torch.manual_seed seeds every CUDA device as well.",
        "The two flags are attributes of torch.backends.cudnn.",
    ],
)


def measured(result):
    if isinstance(result, tuple):  # how many seconds depends on the machine
        return tuple("some seconds" if isinstance(item, float) else item for item in result)
    return result


def multiply(answer, a, b):
    return measured(answer.timed_matmul(a, b))


def measures_the_work_of_a_gpu(answer, a, b):
    """Measures by a monotonic clock, and waits for the GPU before it stops the clock"""
    with pretended_gpu(answer.timed_matmul) as gpu:
        product, seconds = answer.timed_matmul(gpu.holding(a), gpu.holding(b))
        place = gpu.device_of(product)
    return {"the product": product, "its device": place, "the GPU's work": gpu.time.counted(seconds)}


def needs_no_gpu(answer, a, b):
    """Works where there is no GPU"""
    with pretended_gpu(answer.timed_matmul, present=False):
        product, seconds = answer.timed_matmul(a.cpu(), b.cpu())
    return {"the product": product, "the seconds": elapsed(seconds)}


check(
    "timed_matmul",
    a=tensor("N D"),
    b=tensor("D M"),
    trial=multiply,
    laws=[seen_by(measures_the_work_of_a_gpu, count=4), seen_by(needs_no_gpu, count=3)],
    off_limits=ANSWERS,
    on_stand_in="waiting for it before the clock stops",
    hints=[
        "time.perf_counter() before and after, and the difference of the two.",
        "On a GPU the product is not there yet when `a @ b` returns. torch.cuda.synchronize() waits for it.",
        "Wait only where a.is_cuda, and before the clock is read again: product, wait, clock.",
    ],
)
