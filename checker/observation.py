"""What a trial saw, as plain data that two processes can exchange and a third party can compare.

An observation is a tree of None, bool, int, float, str, list, tuple and dict whose other leaves are the four small
classes below. The same form carries the inputs of a call. `plain` makes a tree from whatever an answer returned,
`live` makes real tensors, arrays and functions of a tree, fresh each time, so that no call can touch another's
arguments. `wire` turns trees into bytes, `agreement` compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

Tree = Any  # None | bool | int | float | str | list[Tree] | tuple[Tree, ...] | dict[str | int, Tree] | a leaf below

MAX_DEPTH = 32
MAX_TEXT = 10_000


@dataclass(frozen=True, eq=False)
class Array:
    """A tensor or a NumPy array: its values on the CPU and what else a comparison or a call needs of it."""

    data: Tensor
    kind: Literal["tensor", "array"] = "tensor"
    device: str = "cpu"
    strided: bool = False  # as an input: lay it out non-contiguously
    requires_grad: bool = False
    code: str = ""  # as an input too large to be written out: the Python expression that makes it


@dataclass(frozen=True)
class Raised:
    """An exception: its type, its text, and the student's own lines from the outermost to the innermost."""

    type: str
    message: str
    lines: tuple[tuple[int, str, str], ...] = ()  # line number, function, source
    innermost_is_own: bool = False  # raised by the student's code itself, not by something that it called


@dataclass(frozen=True)
class Named:
    """A thing known by its name on both sides: a dtype, a device, or a function that `checks.py` defines."""

    kind: Literal["dtype", "device", "function"]
    name: str


@dataclass(frozen=True)
class Other:
    """Anything else, which no answer should hold: what it is, to follow "is", and its text."""

    what: str
    text: str = field(compare=False, default="")


PLAIN_DTYPES = frozenset(
    {
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
    }
)


def plain(value: object, *, depth: int = 0) -> Tree:
    """Give what an answer returned as a tree that shares no memory with it.

    A subclass counts as what it subclasses (a `Parameter` is a tensor, a `torch.Size` a tuple, a NumPy scalar its
    Python number): how an answer was built is its own affair. What no tree can hold becomes `Other`.
    """
    if depth > MAX_DEPTH:
        return Other(f"something nested more than {MAX_DEPTH} levels deep")
    if value is None or isinstance(value, (Array, Raised, Named, Other)):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return bool(value) if isinstance(value, bool) else int(value) if isinstance(value, int) else float(value)
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    if isinstance(value, Tensor):
        return _plain_tensor(value)
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, (list, tuple)):
        items = [plain(item, depth=depth + 1) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        return {_plain_key(key): plain(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, torch.dtype):
        return Named("dtype", str(value))
    if isinstance(value, torch.device):
        return Named("device", str(value))
    return _other(value)


def _plain_tensor(value: Tensor) -> Tree:
    if value.dtype not in PLAIN_DTYPES or value.layout is not torch.strided or value.is_meta:
        return Other(f"a tensor of {value.dtype} and {value.layout} on {value.device}")
    try:
        data = value.detach().resolve_conj().resolve_neg().cpu().as_subclass(Tensor)
        data = data.clone(memory_format=torch.contiguous_format)
        data.data_ptr()  # a tensor that escaped from vmap or grad has none
    except (RuntimeError, NotImplementedError) as error:
        return Other("a tensor that cannot be read outside grad or vmap", str(error)[:MAX_TEXT])
    return Array(data, "tensor", str(value.device), requires_grad=value.requires_grad)


def _plain_array(value: np.ndarray[Any, Any]) -> Tree:
    try:
        data = torch.from_numpy(np.array(value, order="C", subok=False))
    except TypeError:
        return Other(f"a NumPy array of {value.dtype}")
    return Array(data, "array") if data.dtype in PLAIN_DTYPES else Other(f"a NumPy array of {value.dtype}")


def _plain_key(key: object) -> str | int:
    return key if isinstance(key, (str, int)) else f"<{type(key).__qualname__}>"


def _other(value: object) -> Other:
    try:
        text = repr(value)[:200]
    except Exception:  # a student's __repr__ may do anything
        text = "an object without a readable repr"
    return Other(f"an object of type {type(value).__qualname__}", text)


def live(tree: Tree, functions: Mapping[str, Callable[..., Any]], device: str = "cpu") -> Any:
    """Give the value a tree stands for, made afresh: tensors on `device`, functions looked up by name.

    Raises:
        KeyError: the tree names a function that `functions` lacks.
    """
    if isinstance(tree, Array):
        return _live_array(tree) if tree.kind == "array" else _live_tensor(tree, device)
    if isinstance(tree, Named):
        if tree.kind == "function":
            return functions[tree.name]
        return torch.device(tree.name) if tree.kind == "device" else getattr(torch, tree.name.removeprefix("torch."))
    if isinstance(tree, dict):
        return {key: live(item, functions, device) for key, item in tree.items()}
    if isinstance(tree, list):
        return [live(item, functions, device) for item in tree]
    if isinstance(tree, tuple):
        return tuple(live(item, functions, device) for item in tree)
    return tree


def _live_tensor(array: Array, device: str) -> Tensor:
    tensor = array.data.to(device, copy=True)
    if array.strided and tensor.ndim:
        tensor = tensor.mT.contiguous().mT if tensor.ndim >= 2 else tensor.repeat_interleave(2)[::2]
    return tensor.requires_grad_(array.requires_grad)


def _live_array(array: Array) -> np.ndarray[Any, Any]:
    values = array.data.numpy().copy()
    if array.strided and values.ndim:
        values = np.repeat(values, 2, axis=-1)[..., ::2]
    return values


def leaves(tree: Tree) -> Iterator[Tree]:
    """Give every leaf of a tree, in order."""
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (list, tuple)):
        yield tree
        return
    for item in tree:
        yield from leaves(item)


def identical(a: Tree, b: Tree) -> bool:
    """Whether two trees are equal to the bit, NaN in the same places included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Array):
        same_form = (a.kind, a.device, a.data.dtype, a.data.shape) == (
            b.kind,
            b.device,
            b.data.dtype,
            b.data.shape,
        )
        return same_form and _bytes(a.data) == _bytes(b.data)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(identical(item, b[key]) for key, item in a.items())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(identical, a, b))
    return bool(a == b) or (a != a and b != b)


def _bytes(data: Tensor) -> bytes:
    if not data.numel():
        return b""  # an empty array of NumPy's has strides that cannot be viewed as bytes
    return data.reshape(-1).view(torch.uint8).numpy().tobytes()
