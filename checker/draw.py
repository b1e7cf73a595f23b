"""Inputs for a check, drawn and shrunk by hypothesis from what `spec` describes.

Entries are multiples of 1/8 in float32, so that a counterexample reads well and sums of products are exact, and of
1/10 in float64, so that an answer that passes through float32 on its way shows. The same check, law and seed give the
same cases, whatever the answer under test does with them.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import hypothesis.strategies as st
import torch
from hypothesis import HealthCheck, Phase, Verbosity
from torch import Tensor

from checker.laws import Law, Situation
from checker.observation import Array, Named, Tree, live
from checker.spec import Check, Either, KeyInput, NumberInput, ParamsInput, RowsInput, SizeInput, TensorInput

Case = tuple[Tree, ...]
"""The inputs of one call, as trees."""

Shapes = Mapping[str, tuple[int, ...]]
"""What each dimension's name stands for in one case; "..." may stand for several sizes."""

ENTRIES_DRAWN = 96
"""A larger tensor is filled from one drawn number: shrinking its entries one by one would help nobody."""

EXTREMES = (0.0, 1.0, 20.0, 50.0, 88.0, 89.0, 104.0, 300.0, 1e3, 1e4)


def cases(check: Check, law: Law, seed: int, functions: Mapping[str, Any], *, more: int = 0) -> list[Case]:
    """Give the inputs that a law is tried on.

    Args:
        check: whose inputs are drawn.
        law: in which situations.
        seed: decides the draw, together with the names of the check and the law.
        functions: the globals of `checks.py`.
        more: how many further cases to draw for each situation, where evidence is wanted.
    """
    drawn: list[Case] = []
    for index, situation in enumerate(law.situations):
        count = more or situation.count
        _run(_inputs(check, situation, functions), _seed(check, law, seed, index, more), count, drawn.append)
    return drawn


def shrink(
    check: Check,
    law: Law,
    seed: int,
    functions: Mapping[str, Any],
    fails: Callable[[Case], bool],
    *,
    effort: int = 150,
) -> Case | None:
    """Give the smallest case that still fails, or None when none of the drawn cases does.

    Args:
        check: whose inputs are drawn.
        law: in which situations.
        seed: as it was for `cases`.
        functions: the globals of `checks.py`.
        fails: whether a case shows the failure.
        effort: how many cases may be tried after the first that fails.
    """
    smallest: Case | None = None
    tried = 0

    def consider(case: Case) -> None:
        nonlocal smallest, tried
        tried += smallest is not None
        if tried > effort:
            raise _EnoughError
        if fails(case):
            smallest = case
            raise _FailsError

    for index, situation in enumerate(law.situations):
        strategy = _inputs(check, situation, functions)
        try:
            _run(strategy, _seed(check, law, seed, index), situation.count, consider, shrinking=True)
        except (_FailsError, _EnoughError):
            return smallest
    return smallest


class _FailsError(Exception):
    """Tells hypothesis that a case fails."""


class _EnoughError(BaseException):
    """Ends a shrink: hypothesis lets what is no Exception pass."""


def _seed(check: Check, law: Law, seed: int, *rest: int) -> int:
    return zlib.crc32(repr((seed, check.name, law.name, *rest)).encode())


def _run(
    strategy: st.SearchStrategy[Case],
    seed: int,
    count: int,
    use: Callable[[Case], None],
    *,
    shrinking: bool = False,
) -> None:
    phases = (Phase.generate, Phase.shrink) if shrinking else (Phase.generate,)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategy)
    def ask(case: Case) -> None:
        use(case)

    ask()


# From descriptions to strategies


@st.composite
def _inputs(draw: st.DrawFn, check: Check, situation: Situation, functions: Mapping[str, Any]) -> Case:
    shapes = draw(_shapes(check, situation))
    batched = dict(situation.batched)
    case = tuple(
        draw(_input(given, situation, shapes, batched.get(name), name in situation.extreme))
        for name, given in check.inputs.items()
    )
    if check.where is not None:
        hypothesis.assume(check.where(*live(case, functions)))
    return case


@st.composite
def _shapes(draw: st.DrawFn, check: Check, situation: Situation) -> Shapes:
    names = _dims(check)
    fixed = dict(situation.fixed)
    least = {name: check.least.get(name, 1) for name in names}
    shapes: dict[str, tuple[int, ...]] = {"B": (3,), "": ()}
    empty = set()
    if situation.sizes == "empty":
        candidates = [name for name in names if least[name] == 0]
        empty = draw(st.sets(st.sampled_from(candidates), min_size=1)) if candidates else set()
    used: set[int] = set()
    for name in names:
        if name in fixed:
            shapes[name] = (fixed[name],)
        elif name == "...":
            ranks = {"one": (0, 0), "any": (0, 3)}.get(situation.sizes, (1, 2))
            shapes[name] = tuple(draw(st.lists(st.integers(2, 4), min_size=ranks[0], max_size=ranks[1])))
        elif name in empty:
            shapes[name] = (0,)
        elif situation.sizes == "one":
            shapes[name] = (max(1, least[name]),)
        elif situation.sizes == "any":
            low = max(1, least[name])
            shapes[name] = (draw(st.integers(low, low + 3)),)
        else:
            low = max(2, least[name])
            free = [size for size in range(low, low + len(names) + 2) if size not in used]
            shapes[name] = (draw(st.sampled_from(free)),)
            used.update(shapes[name])
    return shapes


def _dims(check: Check) -> list[str]:
    names: dict[str, None] = {}

    def visit(given: Any) -> None:
        if isinstance(given, Either):
            for choice in given.choices:
                visit(choice)
        elif isinstance(given, (TensorInput, RowsInput)):
            names.update(dict.fromkeys(given.shape.replace("*", " ").split()))
        elif isinstance(given, ParamsInput):
            for shape in given.shapes.values():
                names.update(dict.fromkeys(shape.replace("*", " ").split()))
        elif isinstance(given, SizeInput):
            names.setdefault(given.dim)

    for given in check.inputs.values():
        visit(given)
    return [name for name in names if not name.isdigit()]


def _shape(text: str, shapes: Shapes, batch_at: int | None = None) -> tuple[int, ...]:
    sizes: list[int] = []
    for word in text.split():
        if word == "...":
            sizes.extend(shapes[word])
        else:
            factors = (int(name) if name.isdigit() else math.prod(shapes[name]) for name in word.split("*"))
            sizes.append(math.prod(factors))
    if batch_at is not None:
        sizes.insert(batch_at, *shapes["B"])
    return tuple(sizes)


def _input(
    given: Any, situation: Situation, shapes: Shapes, batch_at: int | None = None, extreme: bool = False
) -> st.SearchStrategy[Tree]:
    match given:
        case TensorInput():
            return _tensor(given, situation, _shape(given.shape, shapes, batch_at), extreme)
        case ParamsInput():
            names = list(given.shapes)[:: -1 if situation.strided else 1]
            entries = {
                name: _input(TensorInput(given.shapes[name]), situation, shapes, batch_at, extreme)
                for name in names
            }
            return st.fixed_dictionaries(entries)
        case RowsInput():
            height, width = _shape(given.shape, shapes)
            number = st.one_of(st.integers(-4, 4), st.integers(-32, 32).map(lambda n: n / 8))
            row = st.lists(number, min_size=width, max_size=width)
            return st.lists(row, min_size=height, max_size=height)
        case SizeInput():
            return st.just(math.prod(_shape(given.dim, shapes)))
        case NumberInput(low, high, "bool"):
            return st.booleans()
        case NumberInput(low, high, "int"):
            return st.integers(int(low), int(high))
        case NumberInput(low, high, _):
            return st.integers(0, 64).map(lambda n: low + (high - low) * n / 64)
        case KeyInput():
            word = st.integers(0, 2**32 - 1)
            return st.tuples(word, word).map(lambda words: Array(torch.tensor(words, dtype=torch.int64)))
        case Either():
            return st.one_of(
                [_input(choice, situation, shapes, batch_at, extreme) for choice in given.choices]
            )
        case _ if callable(given):
            return st.just(Named("function", given.__name__))
        case _:
            return st.just(given)


def _tensor(
    given: TensorInput, situation: Situation, shape: tuple[int, ...], extreme: bool
) -> st.SearchStrategy[Array]:
    dtype = given.dtype or situation.dtype
    entries = math.prod(shape)
    number = _entry(given, dtype, extreme)
    if entries > ENTRIES_DRAWN:
        values = st.integers(0, 2**31).map(lambda seed: _filled(given, dtype, shape, seed))
    else:
        values = st.lists(number, min_size=entries, max_size=entries).map(
            lambda numbers: torch.tensor(numbers, dtype=dtype).reshape(shape)
        )
    wants_grad = st.booleans() if given.requires_grad is None else st.just(given.requires_grad)
    strided = situation.strided and entries > 1
    return st.builds(
        lambda data, grad: Array(
            data, given.kind, strided=strided, requires_grad=grad and dtype.is_floating_point
        ),
        values,
        wants_grad,
    )


def _entry(given: TensorInput, dtype: torch.dtype, extreme: bool) -> st.SearchStrategy[float]:
    if extreme:
        return st.tuples(st.sampled_from(EXTREMES), st.sampled_from((1, -1))).map(math.prod)
    if not dtype.is_floating_point:
        return st.integers(math.ceil(given.low), math.floor(given.high))
    steps = _steps(given, dtype)
    return st.integers(math.ceil(given.low * steps), math.floor(given.high * steps)).map(lambda n: n / steps)


def _steps(given: TensorInput, dtype: torch.dtype) -> int:
    """How many steps one unit has: enough that a narrow range still has many values."""
    return (10 if dtype is torch.float64 else 8) * (1 if given.high - given.low >= 4 else 16)


def _filled(given: TensorInput, dtype: torch.dtype, shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    steps = _steps(given, dtype) if dtype.is_floating_point else 1
    low, high = math.ceil(given.low * steps), math.floor(given.high * steps)
    return (torch.randint(low, high + 1, shape, generator=generator) / steps).to(dtype)
