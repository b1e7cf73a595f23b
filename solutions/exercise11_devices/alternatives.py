"""Right answers to exercise 11 in other forms, all of which the checks must pass."""

import random
import time
from time import monotonic_ns, perf_counter

import numpy as np
import torch

from checker.spec import alternative, equivalent


@alternative("pick_device")
def first_of_the_devices():
    return torch.device("cuda:0") if torch.cuda.device_count() > 0 else torch.device("cpu")


@alternative("pick_device")
def with_an_if():
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


@alternative("pick_device")
def the_accelerator():
    device = torch.accelerator.current_accelerator(check_available=True)
    return device if device is not None and device.type == "cuda" else torch.device("cpu")


@alternative("pick_device")
def device_of_a_tensor():
    return torch.zeros(1, device="cuda" if torch.cuda.is_available() else "cpu").device


@alternative("to_device")
def named_argument(params, device):
    moved = {}
    for name, leaf in params.items():
        moved[name] = leaf.to(device=device)
    return moved


@alternative("to_device")
def always_a_copy(params, device):
    return {name: leaf.detach().clone().to(device, non_blocking=False, copy=True) for name, leaf in params.items()}


@alternative("to_device")
def two_methods(params, device):
    return {name: leaf.cuda() if device.type == "cuda" else leaf.cpu() for name, leaf in params.items()}


@alternative("to_device")
def filled_on_the_device(params, device):
    return {name: torch.empty_like(leaf, device=device).copy_(leaf) for name, leaf in params.items()}


@alternative("to_device")
def copied_dict(params, device):
    moved = dict(params)
    for name in moved:
        moved[name] = moved[name].to(str(device))
    return moved


@alternative("seed_everything")
def every_generator_by_name(seed):
    torch.manual_seed(seed)
    torch.cuda.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    np.random.seed(seed)
    random.seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


@alternative("seed_everything")
def one_generator_after_another(seed):
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
    np.random.set_state(np.random.RandomState(seed).get_state())
    random.setstate(random.Random(seed).getstate())
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False


@alternative("seed_everything")
def a_seed_for_each(seed):
    random.seed(seed)
    np.random.seed(random.randrange(2**32))
    torch.manual_seed(random.randrange(2**63))
    random.seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


@alternative("timed_matmul")
def by_nanoseconds(a, b):
    start = monotonic_ns()
    product = torch.matmul(a, b)
    if a.device.type == "cuda":
        torch.cuda.synchronize(a.device)
    return product, (monotonic_ns() - start) / 1e9


@alternative("timed_matmul")
def by_events(a, b):
    if not a.is_cuda:
        start = perf_counter()
        return torch.mm(a, b), perf_counter() - start
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    product = torch.mm(a, b)
    end.record()
    torch.cuda.synchronize()
    return product, begin.elapsed_time(end) / 1000


@alternative("timed_matmul")
def where_there_is_a_gpu(a, b):
    from time import monotonic

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = monotonic()
    product = a.matmul(b)
    if torch.cuda.is_available():
        torch.cuda.current_stream().synchronize()
    return product, max(monotonic() - start, 1e-9)


@alternative("timed_matmul")
def looking_at_the_result(a, b):
    start = time.perf_counter()
    product = a @ b
    product.cpu()
    return product, time.perf_counter() - start


REASON = "waiting before the clock starts leaves out older work: better, and not asked for"
equivalent("timed_matmul", "_wait_for(a) -> a", REASON)
equivalent("timed_matmul", "_wait_for(a) -> pass", REASON)
