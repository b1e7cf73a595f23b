"""The bytes of a tree: strict JSON for its form, safetensors for its numbers, and nothing that is ever unpickled.

The JSON is `[number of arrays, node]`. None, bools, ints, finite floats and strings stand for themselves; everything
else is a list that starts with its tag: `["tuple", node, ...]`, `["dict", [key, node], ...]`, `["array", index, ...]`.
Its tensors are named "0", "1", ... in the order in which the form mentions them. The judge reads bytes that a
student's process wrote, so `decode` takes no word for granted: whatever is not exactly of this form is a `WireError`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import numpy
from safetensors.torch import load, save
from torch import Tensor

from checker import frames
from checker.frames import WireError
from checker.observation import MAX_DEPTH, PLAIN_DTYPES, Array, Named, Other, Raised, Tree

__all__ = ["WireError", "decode", "encode"]

MAX_LEVELS = 2 * MAX_DEPTH  # room for the envelope around what `plain` gives
MAX_ARRAYS = 1024
HEADER_PER_ARRAY = 256
"""Bytes of the safetensors header; parsing one of 300,000 names takes 12 s."""
NUMPYS_DIMENSIONS = 32
MAX_COMMAS = 20_000
"""In an answer: reading the form takes microseconds a comma, and four million would fit into a text."""
MAX_INT_BITS = 2_000
MAX_DIGITS = 603
"""Of such an int: reading one takes the square of its length."""


def encode(tree: Tree, *, max_commas: int | None = None) -> bytes:
    """Give the frame of a tree.

        >>> decode(encode({"loss": [1.5, float("inf")], 3: (None, "x")}))
        {'loss': [1.5, inf], 3: (None, 'x')}

    Args:
        tree: what is sent.
        max_commas: how many its text may have; `MAX_COMMAS` for an answer.

    Raises:
        WireError: the tree is too large, too deep, or holds what none can hold.
    """
    arrays: list[Tensor] = []
    node = _node(tree, arrays, 0)
    if len(arrays) > MAX_ARRAYS:
        raise WireError(f"{len(arrays)} tensors: at most {MAX_ARRAYS} fit")
    if sum(array.nbytes for array in arrays) > frames.MAX_FRAME:
        raise WireError(f"more than {frames.MAX_FRAME:,} bytes of tensors")
    tensors = _save([_storable(array) for array in arrays]) if arrays else b""
    _check_header(tensors, len(arrays))
    text = _ENCODER.encode([len(arrays), node]).encode("ascii")
    _check_commas(text, max_commas)
    return frames.pack(text, tensors)


def decode(frame: bytes, *, max_commas: int | None = None) -> Tree:
    """Give the tree of a frame.

    Args:
        frame: what came.
        max_commas: as in `encode`.

    Raises:
        WireError: the bytes are anything but what `encode` writes.
    """
    text, tensors = frames.unpack(frame)
    _check_commas(text, max_commas)
    try:
        form = _DECODER.decode(text.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"no strict JSON: {error}") from error
    match form:
        case [int(count), node] if not isinstance(count, bool) and 0 <= count <= MAX_ARRAYS:
            reader = _Reader(_load(tensors, count))
            tree = reader.tree(node, 0)
        case _:
            raise WireError("the text is not `[number of arrays, node]`")
    if reader.used != count:
        raise WireError(f"{count} tensors came, {reader.used} are mentioned")
    return tree


# To bytes

_ENCODER = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":"))


def _node(tree: Tree, arrays: list[Tensor], level: int) -> Any:
    if level > MAX_LEVELS:
        raise WireError(f"more than {MAX_LEVELS} levels deep")
    if tree is None or isinstance(tree, (bool, str)):
        return tree
    if isinstance(tree, int):
        if tree.bit_length() > MAX_INT_BITS:
            raise WireError(f"an int of {tree.bit_length()} bits: at most {MAX_INT_BITS} fit")
        return tree
    if isinstance(tree, float):
        return tree if math.isfinite(tree) else ["float", str(tree)]
    if isinstance(tree, (list, tuple)):
        tag = "list" if isinstance(tree, list) else "tuple"
        return [tag, *(_node(item, arrays, level + 1) for item in tree)]
    if isinstance(tree, dict):
        return ["dict", *([_key(key), _node(item, arrays, level + 1)] for key, item in tree.items())]
    if isinstance(tree, Array):
        arrays.append(tree.data)
        return ["array", len(arrays) - 1, tree.kind, tree.device, tree.strided, tree.requires_grad, _dtype(tree.data)]
    if isinstance(tree, Raised):
        return ["raised", tree.type, tree.message, [list(line) for line in tree.lines], tree.innermost_is_own]
    if isinstance(tree, Named):
        return ["named", tree.kind, tree.name]
    if isinstance(tree, Other):
        return ["other", tree.what, tree.text]
    raise WireError(f"a {type(tree).__qualname__}: no tree holds one")


def _key(key: object) -> str | int:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and key.bit_length() <= MAX_INT_BITS:
        return int(key)  # True, as a key, is 1
    raise WireError(f"the key {key!r}: keys are strings and ints")


def _dtype(data: Tensor) -> str:
    if data.dtype not in PLAIN_DTYPES:
        raise WireError(f"a tensor of {data.dtype}")
    return str(data.dtype).removeprefix("torch.")


def _save(arrays: list[Tensor]) -> bytes:
    """Give safetensors' bytes, by way of NumPy where NumPy has the dtypes: the same, in a tenth of the time."""
    named = {str(index): array for index, array in enumerate(arrays)}
    if any(array.dtype is torch.bfloat16 or array.ndim > NUMPYS_DIMENSIONS for array in arrays):
        return save({name: array.clone() for name, array in named.items()})  # it refuses what shares memory
    return numpy.save({name: array.numpy() for name, array in named.items()})


def _storable(data: Tensor) -> Tensor:
    """Give a tensor that safetensors can hold: plain, contiguous and real."""
    data = data.detach().resolve_conj().resolve_neg().cpu()
    if data.dtype.is_complex:
        data = torch.view_as_real(data)  # safetensors knows complex numbers only since 0.6
    return data.contiguous()


# From bytes


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    if math.isfinite(number := float(text)):
        return number
    raise ValueError(f"{text} is out of range")


def _short_int(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"an int of {len(text):,} digits")
    return int(text)


def _no_object(pairs: list[tuple[str, Any]]) -> Any:
    raise ValueError(f"an object of {len(pairs)} pairs: there are none in a tree")


_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_finite, parse_int=_short_int, object_pairs_hook=_no_object
)


def _check_commas(text: bytes, limit: int | None) -> None:
    if limit is not None and (count := text.count(b",")) > limit:
        raise WireError(f"a text with {count:,} commas: at most {limit:,}")


def _check_header(tensors: bytes, count: int) -> None:
    limit = HEADER_PER_ARRAY * count
    if (size := int.from_bytes(tensors[:8], "little")) > limit:
        raise WireError(f"a safetensors header of {size:,} bytes for {count} tensors: at most {limit:,}")


def _load(tensors: bytes, count: int) -> Mapping[str, Tensor]:
    _check_header(tensors, count)
    if not count:
        if tensors:
            raise WireError("tensors that nothing mentions")
        return {}
    try:
        loaded = load(tensors)
    except Exception as error:  # of many types, among them those of its Rust half
        raise WireError(f"no safetensors: {error}") from error
    if loaded.keys() != {str(index) for index in range(count)}:
        raise WireError(f"tensors with other names than 0 to {count - 1}")
    return loaded


class _Reader:
    """Reads nodes, and counts which tensors they mention."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        self.used = 0

    def tree(self, node: Any, level: int) -> Tree:
        """Give the tree of one node."""
        if level > MAX_LEVELS:
            raise WireError(f"more than {MAX_LEVELS} levels deep")
        match node:
            case None | bool() | int() | float() | str():
                return node
            case ["float", "nan" | "inf" | "-inf" as text]:
                return float(text)
            case ["list", *nodes]:
                return [self.tree(item, level + 1) for item in nodes]
            case ["tuple", *nodes]:
                return tuple(self.tree(item, level + 1) for item in nodes)
            case ["dict", *pairs]:
                return self._dict(pairs, level)
            case ["array", int(index), *rest]:
                return self._array(index, rest)
            case ["raised", str(kind), str(message), [*lines], bool(own)]:
                return Raised(kind, message, tuple(map(_line, lines)), own)
            case ["named", "dtype" | "device" | "function" as kind, str(name)]:
                return Named(kind, name)
            case ["other", str(what), str(text)]:
                return Other(what, text)
            case _:
                raise WireError(f"no node: {str(node)[:80]}")

    def _dict(self, pairs: list[Any], level: int) -> dict[str | int, Tree]:
        tree: dict[str | int, Tree] = {}
        for pair in pairs:
            match pair:
                case [str() | int() as key, node] if not isinstance(key, bool) and key not in tree:
                    tree[key] = self.tree(node, level + 1)
                case _:
                    raise WireError(f"no pair of a new key and a node: {str(pair)[:80]}")
        return tree

    def _array(self, index: int, rest: list[Any]) -> Array:
        match rest:
            case ["tensor" | "array" as kind, str(device), bool(strided), bool(requires_grad), str(dtype)]:
                pass
            case _:
                raise WireError(f"no array: {str(rest)[:80]}")
        if index != self.used or index not in range(len(self._tensors)):
            raise WireError(f"tensor {index} is mentioned where {self.used} is due")
        self.used += 1
        return Array(_restored(self._tensors[str(index)], dtype), kind, device, strided, requires_grad)


def _restored(data: Tensor, dtype: str) -> Tensor:
    if dtype == "complex64" and data.dtype is torch.float32 and data.shape[-1:] == (2,):
        return torch.view_as_complex(data)
    if data.dtype not in PLAIN_DTYPES or str(data.dtype) != f"torch.{dtype}" or data.dtype.is_complex:
        raise WireError(f"a tensor of {data.dtype} where {dtype[:20]} is due")
    if data.dtype is torch.bool and bool((data.view(torch.uint8) > 1).any()):
        raise WireError("a bool that is neither 0 nor 1")
    return data


def _line(line: Any) -> tuple[int, str, str]:
    match line:
        case [int(number), str(function), str(source)] if not isinstance(number, bool):
            return number, function, source
        case _:
            raise WireError(f"no line of a traceback: {str(line)[:80]}")
