"""Whether two observations agree, and where they part: kind, structure, shape, dtype, device, then values.

Trees are compared leaf by leaf, the way `torch.testing.assert_close` is strict: nothing broadcasts and no dtype is
promoted. The first difference in the order of `Aspect` is the one that is told, since a wrong shape explains wrong
values and not the reverse.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import torch

from checker.literal import literal
from checker.observation import Array, Named, Other, Raised, Tree
from checker.spec import Tolerance

Path = tuple[str | int, ...]

SHOWN_ENTRIES = 6
SHOWN_CHARACTERS = 200


class Aspect(IntEnum):
    """In which respect two observations differ; a lower one explains a higher one."""

    RAISED = 0
    KIND = 1
    STRUCTURE = 2
    SHAPE = 3
    DTYPE = 4
    DEVICE = 5
    FINITE = 6
    VALUES = 7
    TOLD = 8
    """Not what the answer is, but what a trial tells of it, in words."""


@dataclass(frozen=True)
class Difference:
    """One place where an answer is not what it should be."""

    aspect: Aspect
    path: Path
    expected: str
    got: str
    where: str | None = None
    """The entries that differ, one a line; empty for a lone number; None for what is no number."""


@dataclass(frozen=True)
class Standard:
    """How strictly observations are compared."""

    tolerances: Mapping[torch.dtype, Tolerance]
    values: bool = True
    input_scale: float = 0.0
    """The largest entry among the inputs: an answer cannot be more exact than what it is made of."""


def difference(expected: Tree, got: Tree, standard: Standard) -> Difference | None:
    """Give the difference that explains most, or None where the two agree."""
    return min(differences(expected, got, standard), key=lambda found: found.aspect, default=None)


def differences(expected: Tree, got: Tree, standard: Standard, path: Path = ()) -> Iterator[Difference]:
    """Give every place where two observations part."""
    if isinstance(got, Raised):
        if not (isinstance(expected, Raised) and expected.type == got.type):
            yield Difference(Aspect.RAISED, path, _told(expected), _told(got))
    elif isinstance(expected, str):
        if expected != got:
            yield Difference(Aspect.TOLD, path, expected, got if isinstance(got, str) else _short(got))
    elif kind(expected) != kind(got):
        yield Difference(Aspect.KIND, path, _told(expected), _told(got))
    elif isinstance(expected, Array):
        found = _array_difference(expected, got, standard, path)
        if found is not None:
            yield found
    elif isinstance(expected, dict):
        if expected.keys() != got.keys():
            yield Difference(Aspect.STRUCTURE, path, _keys(expected), _keys(got))
        else:
            for key, item in expected.items():
                yield from differences(item, got[key], standard, (*path, key))
    elif isinstance(expected, (list, tuple)):
        if len(expected) != len(got):
            yield Difference(
                Aspect.STRUCTURE,
                path,
                f"{len(expected)} items",
                f"{len(got)} items: {_short(got)}",
            )
        else:
            for index, (a, b) in enumerate(zip(expected, got, strict=True)):
                yield from differences(a, b, standard, (*path, index))
    elif not _same_scalar(expected, got, standard):
        yield Difference(Aspect.VALUES, path, *side_by_side(expected, got))


def kind(tree: Tree) -> str:
    """Give the kind of a leaf or a container in a student's words."""
    if isinstance(tree, Array):
        return "a torch.Tensor" if tree.kind == "tensor" else "a NumPy array"
    if isinstance(tree, Named):
        return f"a {tree.kind}"
    if isinstance(tree, Other):
        return tree.what
    names = {bool: "a bool", int: "a number", float: "a number", str: "a str", type(None): "None"}
    containers = {list: "a list", tuple: "a tuple", dict: "a dict", Raised: "an exception"}
    return (names | containers).get(type(tree), type(tree).__qualname__)


def _told(tree: Tree) -> str:
    if isinstance(tree, (Raised, type(None))):
        return literal(tree)
    text = _short(tree)
    return text if text == kind(tree) else f"{kind(tree)}: {text}"


def _short(tree: Tree) -> str:
    text = literal(tree, digits=6)
    return text if len(text) <= SHOWN_CHARACTERS else kind(tree)


def _keys(tree: Mapping[str | int, Tree]) -> str:
    return "keys " + ", ".join(repr(key) for key in tree) if tree else "no keys"


def _same_scalar(expected: Tree, got: Tree, standard: Standard) -> bool:
    numbers = isinstance(expected, (int, float)) and not isinstance(expected, bool)
    if not numbers:
        return bool(expected == got)
    if not standard.values:
        return True
    if isinstance(expected, int) and isinstance(got, int):
        return expected == got
    return not bool(_apart(_double(expected), _double(got), torch.float32, standard).any())


def _double(number: float) -> torch.Tensor:
    try:
        return torch.tensor(float(number), dtype=torch.float64)
    except OverflowError:  # an int may be larger than any float
        return torch.tensor(math.inf if number > 0 else -math.inf, dtype=torch.float64)


def _array_difference(expected: Array, got: Array, standard: Standard, path: Path) -> Difference | None:
    a, b = expected.data, got.data
    if a.shape != b.shape:
        return Difference(Aspect.SHAPE, path, _shape(expected), _shape(got))
    if a.dtype != b.dtype:
        return Difference(Aspect.DTYPE, path, str(a.dtype), str(b.dtype))
    if torch.device(expected.device) != _device(got.device):
        return Difference(Aspect.DEVICE, path, expected.device, got.device)
    if torch.equal(a, b):
        return None  # most answers, and sooner seen than measured; what holds NaN is never equal
    not_finite = b.isfinite().logical_not() & a.isfinite()
    if bool(not_finite.any()):
        return Difference(Aspect.FINITE, path, *side_by_side(expected, got), _where(expected, got, not_finite))
    if not standard.values:
        return None
    apart = _apart(a, b, a.dtype, standard)
    if bool(apart.any()):
        return Difference(Aspect.VALUES, path, *side_by_side(expected, got), _where(expected, got, apart))
    return None


def _device(name: str) -> torch.device | None:
    """Give the device of a name that a worker has sent, which may be no device's."""
    try:
        return torch.device(name)
    except RuntimeError:
        return None


def _apart(a: torch.Tensor, b: torch.Tensor, dtype: torch.dtype, standard: Standard) -> torch.Tensor:
    """Which entries differ by more than the dtype explains; NaN equals NaN in the same place only."""
    if dtype not in standard.tolerances:
        return a != b
    wide = torch.complex128 if dtype.is_complex else torch.float64
    right, answer = a.to(wide), b.to(wide)
    tolerance = standard.tolerances[dtype]
    if tolerance.absolute is None:
        finite = right[right.isfinite()].abs()
        largest = float(finite.max()) if finite.numel() else 0.0
        epsilon = torch.finfo(dtype).eps
        allowed = tolerance.relative / 8 * largest + 4 * epsilon * standard.input_scale
    else:
        allowed = tolerance.absolute
    bound = tolerance.relative * right.abs().nan_to_num(posinf=0.0) + allowed  # infinity has no neighbours
    equal = (right == answer) | (right.isnan() & answer.isnan())
    return ~(equal | ((right - answer).abs() <= bound))


def side_by_side(expected: Tree, got: Tree) -> tuple[str, str]:
    """Give both as texts, with as many digits as it takes to see that they differ."""
    texts = [(literal(expected, digits=digits), literal(got, digits=digits)) for digits in (6, 9, 17)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[0])


def _shape(array: Array) -> str:
    return f"shape {list(array.data.shape)}"


def _where(expected: Array, got: Array, apart: torch.Tensor) -> str:
    places = apart.nonzero().tolist()
    if not apart.ndim:
        return ""
    lines: list[str] = []
    for place in places[:SHOWN_ENTRIES]:
        a, b = side_by_side(expected.data[tuple(place)].item(), got.data[tuple(place)].item())
        lines.append(f"{place}: expected {a}, got {b}")
    if len(places) > SHOWN_ENTRIES:
        lines.append(f"... and {len(places) - SHOWN_ENTRIES} more of {math.prod(apart.shape)} entries")
    return "\n".join(lines)
