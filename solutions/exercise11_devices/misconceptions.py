"""Wrong answers to exercise 11 that students give, each with the sentence that helps."""

import random
import time

import numpy as np
import torch

from checker.spec import misconception


@misconception("pick_device", "A string comes back: torch.device(...) makes a device of it.")
def name_of_the_device():
    return "cuda" if torch.cuda.is_available() else "cpu"


@misconception("pick_device", "This is cuda on every machine: ask torch.cuda.is_available(), and do not forget the ().")
def always_cuda():
    return torch.device("cuda")


@misconception("pick_device", "This is the CPU on every machine: take cuda where torch.cuda.is_available().")
def always_cpu():
    return torch.device("cpu")


@misconception("pick_device", "The two devices are the wrong way round.")
def the_wrong_way_round():
    return torch.device("cpu" if torch.cuda.is_available() else "cuda")


@misconception("to_device", "The caller's dict is changed and given back: make a new dict.")
def the_same_dict(params, device):
    for name, leaf in params.items():
        params[name] = leaf.to(device)
    return params


@misconception(
    "to_device", "leaf.data = ... moves the caller's own tensors: .to(device) gives another one, so keep that."
)
def originals_moved(params, device):
    for leaf in params.values():
        leaf.data = leaf.data.to(device)
    return dict(params)


@misconception("to_device", ".to(device) gives a new tensor and does not change the old one: keep what it gives.")
def result_thrown_away(params, device):
    for leaf in params.values():
        leaf.to(device)
    return dict(params)


@misconception("to_device", "Everything goes to the GPU here, whatever `device` says: use .to(device).")
def always_to_the_gpu(params, device):
    return {name: leaf.cuda() for name, leaf in params.items()}


@misconception("to_device", "A list without names: a dict with the names of params is asked for.")
def names_lost(params, device):
    return [leaf.to(device) for leaf in params.values()]


@misconception("to_device", "The dtype is changed on the way: .to(device) alone keeps it.")
def made_float(params, device):
    return {name: leaf.to(device, torch.float32) for name, leaf in params.items()}


@misconception("to_device", "A dict has no method .to: move each of its tensors.")
def dict_moved(params, device):
    return params.to(device)


def _settle():
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


@misconception("seed_everything", "NumPy and Python have random states of their own: seed them as well.")
def torch_only(seed):
    torch.manual_seed(seed)
    _settle()


@misconception(
    "seed_everything",
    "NumPy's global random state is left out: np.random.seed(seed) sets it, and default_rng does not.",
)
def without_numpy(seed):
    random.seed(seed)
    torch.manual_seed(seed)
    _settle()


@misconception("seed_everything", "Python's own random state is left out: random.seed(seed).")
def without_python(seed):
    np.random.seed(seed)
    torch.manual_seed(seed)
    _settle()


@misconception("seed_everything", "PyTorch's random state is left out: torch.manual_seed(seed).")
def without_torch(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.cuda.manual_seed_all(seed)
    _settle()


@misconception("seed_everything", "The GPU is not seeded: torch.manual_seed(seed) seeds the CPU and every GPU.")
def cpu_only(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    _settle()


@misconception("seed_everything", "cuDNN's two flags are left as they were: deterministic = True, benchmark = False.")
def without_cudnn(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@misconception(
    "seed_everything", "benchmark = True lets cuDNN choose by timing, which does not repeat: set it to False."
)
def cudnn_by_timing(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = True


@misconception("seed_everything", "The seed is not looked at: another seed must give other numbers.")
def always_the_same_seed(seed):
    random.seed(42)
    np.random.seed(42)
    torch.manual_seed(42)
    _settle()


@misconception("timed_matmul", "The clock stops when the work is queued, not when it is done: wait for the GPU first.")
def without_waiting(a, b):
    start = time.perf_counter()
    product = a @ b
    return product, time.perf_counter() - start


@misconception("timed_matmul", "The waiting comes after the clock was stopped: first wait, then read the clock.")
def waiting_too_late(a, b):
    start = time.perf_counter()
    product = a @ b
    seconds = time.perf_counter() - start
    if a.is_cuda:
        torch.cuda.synchronize()
    return product, seconds


@misconception("timed_matmul", "time.time() may be set back while it runs: time.perf_counter() is monotonic.")
def clock_on_the_wall(a, b):
    start = time.time()
    product = a @ b
    if a.is_cuda:
        torch.cuda.synchronize()
    return product, time.time() - start


@misconception("timed_matmul", "Processor time does not pass while Python waits for a GPU: time.perf_counter() does.")
def processor_time(a, b):
    start = time.process_time()
    product = a @ b
    if a.is_cuda:
        torch.cuda.synchronize()
    return product, time.process_time() - start


@misconception("timed_matmul", "torch.cuda.synchronize() raises without a GPU: call it only where a.is_cuda.")
def always_synchronizing(a, b):
    start = time.perf_counter()
    product = a @ b
    torch.cuda.synchronize()
    return product, time.perf_counter() - start


@misconception("timed_matmul", "start - end is negative: the later time comes first.")
def negative_seconds(a, b):
    start = time.perf_counter()
    product = a @ b
    if a.is_cuda:
        torch.cuda.synchronize()
    return product, start - time.perf_counter()


@misconception("timed_matmul", "The seconds come first here: (product, seconds) is asked for.")
def seconds_first(a, b):
    start = time.perf_counter()
    product = a @ b
    if a.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start, product


@misconception("timed_matmul", "The product was moved to the CPU: it belongs on the device of a and b.")
def product_on_the_cpu(a, b):
    start = time.perf_counter()
    product = (a @ b).cpu()
    return product, time.perf_counter() - start


@misconception("timed_matmul", "`*` multiplies entry by entry: the product of matrices is a @ b.")
def entry_by_entry(a, b):
    start = time.perf_counter()
    product = a * b
    if a.is_cuda:
        torch.cuda.synchronize()
    return product, time.perf_counter() - start


@misconception("timed_matmul", "Milliseconds, or another unit, come back: seconds are asked for.")
def milliseconds(a, b):
    start = time.perf_counter()
    product = a @ b
    if a.is_cuda:
        torch.cuda.synchronize()
    return product, 1000 * (time.perf_counter() - start)
