"""A GPU that is not there: what code for CUDA does can be watched on any machine.

    with pretended_gpu(answer.timed_matmul) as gpu:
        product, seconds = answer.timed_matmul(gpu.holding(a), gpu.holding(b))
    gpu.time.counted(seconds)

While it is pretended, `torch.cuda` says that there is one device, tensors can be moved there and say that they are
there, and their arithmetic, done on the CPU, is *launched*: it takes the device five seconds of a time of its own,
which passes only for who waits (`busy_time`).
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Generator, Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from checker.busy_time import BusyTime, Replacement, clocks

CUDA = torch.device("cuda", 0)
READS_VALUES = {"item", "tolist", "numpy", "__bool__", "__float__", "__int__", "equal", "allclose", "__repr__"}
METADATA = {"__get__", "__set__", "size", "dim", "numel", "stride", "is_contiguous", "data_ptr", "is_floating_point"}
BASE: Any = Tensor.__base__  # where torch keeps the properties of its tensors
SET_DATA = BASE.data.__set__
PLACES: dict[Any, Any] = {
    BASE.device.__get__: CUDA,
    BASE.is_cuda.__get__: True,
    BASE.is_cpu.__get__: False,
    Tensor.get_device: 0,
}
"""Where a tensor on the GPU says that it is."""


class Gpu:
    """What a pretended GPU has seen."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        """What its generator was seeded with, in order."""
        self.time = BusyTime()
        self._held: dict[int, Tensor] = {}  # by id: the tensors are kept, so that no id is given twice

    def holding(self, tensor: Tensor) -> Tensor:
        """Give a copy of a tensor that says it is on the GPU."""
        return self.claim(tensor.detach().cpu().clone())

    def device_of(self, value: object) -> str:
        """Say on which kind of device a tensor is."""
        if not isinstance(value, Tensor):
            return f"an object of type {type(value).__name__}"
        return "cuda" if self.holds(value) else "cpu"

    # For the stand-ins

    def claim(self, tensor: Tensor) -> Tensor:
        """Have a tensor be on the GPU."""
        self._held[id(tensor)] = tensor
        return tensor

    def release(self, tensor: Tensor) -> None:
        """Have a tensor be on the CPU."""
        self._held.pop(id(tensor), None)

    def holds(self, tensor: object) -> bool:
        """Whether a tensor is on the GPU."""
        return id(tensor) in self._held

    def seed(self, seed: int) -> None:
        """Note a seed."""
        self.seeds.append(int(seed))


@contextlib.contextmanager
def pretended_gpu(watched: Callable[..., Any], *, present: bool = True) -> Generator[Gpu]:
    """Pretend that there is a GPU, or that there is none.

    Args:
        watched: the function that is called meanwhile; clocks are pretended to it and to nobody else.
        present: whether `torch.cuda` says that there is one.
    """
    gpu = Gpu()
    names = getattr(inspect.unwrap(watched), "__globals__", {})
    in_torch = _cuda(gpu, present)
    originals = [(getattr(owner, name), value) for owner, name, value in in_torch]
    imported = [
        (names, name, stand_in)
        for name, value in names.items()
        for original, stand_in in originals
        if value is original
    ]
    with contextlib.ExitStack() as stack:
        for owner, name, value in [*in_torch, *imported, *clocks(gpu.time, names)]:
            stack.enter_context(_replaced(owner, name, value))
        stack.enter_context(_Moving(gpu))
        yield gpu


class _Moving(TorchFunctionMode):
    """Notes which tensors are moved to the GPU or made there, and launches what is done with them."""

    def __init__(self, gpu: Gpu) -> None:
        super().__init__()
        self._gpu = gpu

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        gpu, kwargs = self._gpu, dict(kwargs or {})
        if func is torch.device:
            return func(*args, **kwargs)
        tensors = [each for each in _flat((args, kwargs)) if isinstance(each, Tensor)]
        held = [each for each in tensors if gpu.holds(each)]
        if func in PLACES:
            return PLACES[func] if held else func(*args, **kwargs)
        if func == SET_DATA:
            (gpu.claim if gpu.holds(args[1]) else gpu.release)(args[0])
        name = getattr(func, "__name__", "")
        target = _target(func, args, kwargs)
        if held and (target == "cpu" or name in READS_VALUES):
            gpu.time.wait()
        elif held and target is None and name not in METADATA:
            gpu.time.launch()
        result = (Tensor.cpu if func is Tensor.cuda else func)(*map(_at_home, args), **_at_home(kwargs))
        if target is None and args and result is args[0]:
            return result  # changed in place
        return self._placed(result, target or ("cuda" if held else "cpu"))

    def _placed(self, result: Any, place: str) -> Any:
        """Have each tensor of a result say where it is."""
        if isinstance(result, (tuple, list)):
            return type(result)(self._placed(item, place) for item in result)
        if not isinstance(result, Tensor) or self._gpu.device_of(result) == place:
            return result
        moved = result.clone()  # what was moved stays where it was, too
        return self._gpu.claim(moved) if place == "cuda" else moved


def _target(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Give the kind of device that a call moves to or makes on, if it names one."""
    if func in (Tensor.cuda, Tensor.cpu):
        return func.__name__
    names = [kwargs.get("device"), *(args[1:] if func is Tensor.to else args)]
    kinds = [each if func is Tensor.to or isinstance(each, torch.device) else kwargs.get("device") for each in names]
    return next((torch.device(each).type for each in kinds if isinstance(each, (str, torch.device))), None)


def _at_home(value: Any) -> Any:
    """Give an argument with the CPU in the place of the GPU."""
    if isinstance(value, dict):
        return {name: _at_home(item) for name, item in value.items()}
    if isinstance(value, (str, torch.device)) and str(value).startswith("cuda"):
        return "cpu"
    return value


def _flat(tree: Any) -> Iterator[Any]:
    if isinstance(tree, (tuple, list)):
        for item in tree:
            yield from _flat(item)
    elif isinstance(tree, dict):
        yield from _flat(list(tree.values()))
    else:
        yield tree


def _cuda(gpu: Gpu, present: bool) -> list[Replacement]:
    """Give the stand-ins in `torch`: owner, name, stand-in."""
    wait = gpu.time.wait if present else _raise_that_there_is_none
    stream = SimpleNamespace(synchronize=wait, device=CUDA)
    current = CUDA if present else None
    return [
        (torch.cuda, "is_available", lambda: present),
        (torch.cuda, "device_count", lambda: int(present)),
        (torch.cuda, "current_device", lambda: 0),
        (torch.cuda, "get_device_name", lambda device=None: "a pretended GPU"),
        (torch.cuda, "synchronize", wait),
        (torch.cuda, "current_stream", lambda device=None: stream),
        (torch.cuda, "default_stream", lambda device=None: stream),
        (torch.cuda, "manual_seed", gpu.seed),
        (torch.cuda, "manual_seed_all", gpu.seed),
        (torch.cuda, "Event", lambda *_, **__: _Event(gpu.time)),
        (torch.accelerator, "is_available", lambda: present),
        (torch.accelerator, "current_accelerator", lambda check_available=False: current),
        (torch.accelerator, "synchronize", wait),
    ]


def _raise_that_there_is_none(*_: object, **__: object) -> None:
    raise AssertionError("there is no GPU here")


class _Event:
    """Stands for `torch.cuda.Event`."""

    def __init__(self, busy: BusyTime) -> None:
        self._busy, self._reached = busy, 0.0

    def record(self, stream: object = None) -> None:
        """Note when the device gets here."""
        self._reached = max(self._busy.read(), self._busy.done)

    def synchronize(self) -> None:
        """Wait until the device gets here."""
        self._busy.wait()

    def elapsed_time(self, end: _Event) -> float:
        """Give the milliseconds up to another event."""
        return 1000 * (end._reached - self._reached)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Generator[None]:
    if isinstance(owner, dict):
        before = owner[name]
        owner[name] = value
    else:
        before = getattr(owner, name)
        setattr(owner, name, value)
    try:
        yield
    finally:
        if isinstance(owner, dict):
            owner[name] = before
        else:
            setattr(owner, name, before)
