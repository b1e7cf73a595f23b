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


@dataclass(frozen=True)
class Parting:
    """A difference before it is put into words: most are looked at only to see whether there is one, and which."""

    aspect: Aspect
    path: Path
    expected: Tree
    got: Tree
    apart: torch.Tensor | None = None
    """Which entries differ, of arrays alike in all but that."""

    def told(self) -> Difference:
        """Put it into words."""
        expected, got = self.expected, self.got
        where = None if self.apart is None else _where(expected, got, self.apart)
        match self.aspect:
            case Aspect.RAISED | Aspect.KIND:
                words = _told(expected), _told(got)
            case Aspect.TOLD:
                words = expected, got if isinstance(got, str) else _short(got)
            case Aspect.STRUCTURE if isinstance(expected, dict):
                words = _keys(expected), _keys(got)
            case Aspect.STRUCTURE:
                words = f"{len(expected)} items", f"{len(got)} items: {_short(got)}"
            case Aspect.SHAPE:
                words = _shape(expected), _shape(got)
            case Aspect.DTYPE:
                words = str(expected.data.dtype), str(got.data.dtype)
            case Aspect.DEVICE:
                words = expected.device, got.device
            case Aspect.FINITE | Aspect.VALUES:
                words = side_by_side(expected, got)
        return Difference(self.aspect, self.path, *words, where)


def difference(expected: Tree, got: Tree, standard: Standard) -> Difference | None:
    """Give the difference that explains most, or None where the two agree."""
    first = _first(expected, got, standard)
    return first and first.told()


def aspect(expected: Tree, got: Tree, standard: Standard) -> Aspect | None:
    """Give the aspect of the difference that explains most, or None where the two agree."""
    first = _first(expected, got, standard)
    return first and first.aspect


def _first(expected: Tree, got: Tree, standard: Standard) -> Parting | None:
    return min(partings(expected, got, standard), key=lambda found: found.aspect, default=None)


def partings(expected: Tree, got: Tree, standard: Standard, path: Path = ()) -> Iterator[Parting]:
    """Give every place where two observations part."""
    if isinstance(got, Raised):
        if not (isinstance(expected, Raised) and expected.type == got.type):
            yield Parting(Aspect.RAISED, path, expected, got)
    elif isinstance(expected, str):
        if expected != got:
            yield Parting(Aspect.TOLD, path, expected, got)
    elif kind(expected) != kind(got):
        yield Parting(Aspect.KIND, path, expected, got)
    elif isinstance(expected, Array):
        yield from _array_partings(expected, got, standard, path)
    elif isinstance(expected, dict):
        if expected.keys() != got.keys():
            yield Parting(Aspect.STRUCTURE, path, expected, got)
        else:
            for key, item in expected.items():
                yield from partings(item, got[key], standard, (*path, key))
    elif isinstance(expected, (list, tuple)):
        if len(expected) != len(got):
            yield Parting(Aspect.STRUCTURE, path, expected, got)
        else:
            for index, (a, b) in enumerate(zip(expected, got, strict=True)):
                yield from partings(a, b, standard, (*path, index))
    elif not _same_scalar(expected, got, standard):
        yield Parting(Aspect.VALUES, path, expected, got)


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


def _array_partings(expected: Array, got: Array, standard: Standard, path: Path) -> Iterator[Parting]:
    a, b = expected.data, got.data
    if a.shape != b.shape:
        yield Parting(Aspect.SHAPE, path, expected, got)
    elif a.dtype != b.dtype:
        yield Parting(Aspect.DTYPE, path, expected, got)
    elif torch.device(expected.device) != _device(got.device):
        yield Parting(Aspect.DEVICE, path, expected, got)
    elif torch.equal(a, b):
        return  # most answers, and sooner seen than measured; what holds NaN is never equal
    elif bool((not_finite := b.isfinite().logical_not() & a.isfinite()).any()):
        yield Parting(Aspect.FINITE, path, expected, got, not_finite)
    elif standard.values and bool((apart := _apart(a, b, a.dtype, standard)).any()):
        yield Parting(Aspect.VALUES, path, expected, got, apart)


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
    for digits in (6, 9, 17):
        texts = literal(expected, digits=digits), literal(got, digits=digits)
        if texts[0] != texts[1]:
            return texts
    return literal(expected, digits=6), literal(got, digits=6)


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
