"""Inputs for a check, drawn and shrunk by hypothesis from what `spec` describes.

Entries are multiples of 1/8 in float32, so that a counterexample reads well and sums of products are exact, and of
1/10 in float64, so that an answer that passes through float32 on its way shows. The same check, situation and seed give
the same cases, whatever the answer under test does with them; laws of one situation share its cases.
"""

from __future__ import annotations

import functools
import math
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Self

from checker import lean_hypothesis  # noqa: F401  # pyright: ignore[reportUnusedImport]

# isort: split
import hypothesis
import hypothesis.strategies as st
import torch
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.errors import Flaky
from hypothesis.internal import entropy
from hypothesis.internal.conjecture import providers

from checker.choices import Among, Bytes, ChoicesError, Choose, Kind, Source, Whole
from checker.inputs import Either, KeyInput, NumberInput, ParamsInput, RowsInput, SizeInput, TensorInput, dimensions
from checker.law import Law, Situation
from checker.observation import Array, Named, Tree, leaves, live
from checker.spec import Check

# hypothesis mixes numbers from the program's own files into its draws: an edit anywhere would change a seed's cases.
providers._get_local_constants = lambda: providers._local_constants  # pyright: ignore[reportPrivateUsage]
# At each draw it would also put aside NumPy's global random state, which takes longer than the draw, and none uses it.
entropy.NP_RANDOM = entropy.NP_RANDOM or random  # pyright: ignore[reportAttributeAccessIssue]

Case = tuple[Tree, ...]
"""The inputs of one call, as trees."""


class Drawn(tuple[Tree, ...]):
    """A case that knows how it came about."""

    situation: Situation
    choices: bytes
    """From which `again` makes it again."""
    framed: dict[str, bytes]
    """The questions with these inputs, by law, as they were sent to a worker."""

    @classmethod
    def of(cls, case: Case, situation: Situation, choices: bytes) -> Self:
        """Give a case its history."""
        drawn = cls(case)
        drawn.situation, drawn.choices, drawn.framed = situation, choices, {}
        return drawn

    @functools.cached_property
    def scale(self) -> float:
        """The largest of its entries."""
        return scale(self)


def scale(case: Case) -> float:
    """Give the largest entry of a case's arrays of floats; 0 where there is none."""
    arrays = (leaf.data for leaf in leaves(case) if isinstance(leaf, Array))
    return max((float(data.abs().max()) for data in arrays if data.is_floating_point() and data.numel()), default=0.0)


Shapes = Mapping[str, tuple[int, ...]]
"""What each dimension's name stands for in one case; "..." may stand for several sizes."""

BATCH = "<batch>"
"""The axis that a law adds: no name that a check could give to a dimension of its own."""

ENTRIES_DRAWN = 96
"""A larger tensor repeats a pattern: nobody would read its entries, and one line makes it again."""

UNHEEDED = (
    HealthCheck.too_slow,  # the machine may be busy: no outcome depends on its speed
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
)

EXTREMES = (0.0, 1.0, 20.0, 50.0, 88.0, 89.0, 104.0, 300.0, 1e3, 1e4)
SIGNED_EXTREMES = tuple(sign * size for size in EXTREMES for sign in (1, -1))


def cases(check: Check, law: Law, seed: int, functions: Mapping[str, Any], *, more: int = 0) -> list[Case]:
    """Give the inputs that a law is tried on.

    Args:
        check: whose inputs are drawn.
        law: in which situations.
        seed: decides the draw, together with the check's name and the situation.
        functions: the globals of `checks.py`.
        more: how many further cases to draw for each situation, where evidence is wanted.
    """
    found: list[Case] = []
    for situation in law.situations:
        found += alike(check, situation, seed, functions, more=more)[: more or situation.count]
    return found


def alike(check: Check, situation: Situation, seed: int, functions: Mapping[str, Any], *, more: int = 0) -> list[Case]:
    """Give the inputs of one situation, as many as the law that wants most of them: all laws share them.

    Args:
        check: whose inputs are drawn.
        situation: how.
        seed: decides the draw, together with the names of the check and the situation.
        functions: the globals of `checks.py`.
        more: how many further ones to draw instead.
    """
    drawn: list[Case] = []
    count = more or _most(check, situation)
    _run(_Plan(check, situation, functions), _seed(check, situation, seed, more), count, drawn.append)
    return drawn


def _most(check: Check, situation: Situation) -> int:
    wanted = [
        each for law in check.laws for each in law.situations if replace(each, count=0) == replace(situation, count=0)
    ]
    return max(each.count for each in [situation, *wanted])


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
        fails: whether a case shows the failure; what it raises ends the search.
        effort: how many cases may be tried after the first that fails.
    """
    smallest: Case | None = None
    tried = 0

    def consider(case: Case) -> None:
        nonlocal smallest, tried
        tried += smallest is not None
        if tried > effort:
            raise _EnoughError
        try:
            failing = fails(case)
        except Exception as error:  # hypothesis would take it for another failure, and search on
            raise _EnoughError from error
        if failing:
            smallest = case
            raise _FailsError

    for situation in law.situations:
        plan, count = _Plan(check, situation, functions), _most(check, situation)
        try:
            _run(plan, _seed(check, situation, seed), count, consider, shrinking=True)
        except (_FailsError, Flaky):  # flaky: a function with a memory fails once, and not the next time
            return smallest
        except _EnoughError as enough:
            if enough.__cause__ is not None:
                raise enough.__cause__ from None
            return smallest
    return smallest


def again(check: Check, situation: Situation, functions: Mapping[str, Any], choices: bytes) -> Case:
    """Give the case that was made by choices, in this process or another.

    Args:
        check: whose inputs they are.
        situation: in which they were drawn.
        functions: the globals of `checks.py`.
        choices: as a drawn case has them.

    Raises:
        ChoicesError: no case of this check is made by them.
    """
    source = Source(choices)
    case = _compose(source, check, situation) if check.inputs else ()
    source.end()
    if check.where is not None and not check.where(*live(case, functions)):
        raise ChoicesError("these inputs are left out by the check")
    return Drawn.of(case, situation, choices)


class _FailsError(Exception):
    """Tells hypothesis that a case fails."""


class _EnoughError(BaseException):
    """Ends a shrink: hypothesis lets what is no Exception pass."""


def _seed(check: Check, situation: Situation, seed: int, more: int = 0) -> int:
    return zlib.crc32(repr((seed, check.name, replace(situation, count=0), more)).encode())


def _run(plan: _Plan, seed: int, count: int, use: Callable[[Case], None], *, shrinking: bool = False) -> None:
    if not plan.check.inputs:
        use(Drawn.of((), plan.situation, b""))
        return

    def ask(case: Case) -> None:
        use(case)

    test = hypothesis.seed(seed)(_settings(count, shrinking)(hypothesis.given(_case(plan))(ask)))
    # The key of a database that is not there: hypothesis would make it from the test's source, at each run.
    vars(test)["_hypothesis_internal_database_key"] = b""
    test()


@functools.cache
def _settings(count: int, shrinking: bool) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=count,
        phases=(Phase.generate, Phase.shrink) if shrinking else (Phase.generate,),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=UNHEEDED,
    )


# From descriptions to inputs, by choices


@functools.cache
def _values(low: float, high: float, steps: int) -> Sequence[float]:
    """Give at most 256 multiples of 1/steps within bounds, the simplest first: entries shrink towards the front."""
    first, last = math.ceil(low * steps), math.floor(high * steps)
    wholes = range(first, last + 1, 1 + (last - first) // 256)
    return sorted(
        (n / steps for n in wholes), key=lambda x: (Fraction(x).limit_denominator(steps).denominator, abs(x), x < 0)
    )


def _numbers(draw: Choose, values: Sequence[float], count: int) -> list[float]:
    return [values[byte % len(values)] for byte in draw(Bytes(count))]


class _Plan:
    """What a case is drawn from; no dataclass, since hypothesis would write out all that is in it."""

    def __init__(self, check: Check, situation: Situation, functions: Mapping[str, Any]) -> None:
        self.check, self.situation, self.functions = check, situation, functions


@st.composite
def _case(draw: st.DrawFn, plan: _Plan) -> Case:
    check, told = plan.check, bytearray()

    def choose(kind: Kind) -> Any:
        value = draw(kind.strategy)
        told.extend(kind.told(value))
        return value

    case = _compose(choose, check, plan.situation)
    if check.where is not None:
        hypothesis.assume(check.where(*live(case, plan.functions)))
    return Drawn.of(case, plan.situation, bytes(told))


def _compose(draw: Choose, check: Check, situation: Situation) -> Case:
    shapes = _shapes(draw, check, situation)
    batched = dict(situation.batched)
    return tuple(
        _input(draw, given, situation, shapes, batched.get(name), name in situation.extreme)
        for name, given in check.inputs.items()
    )


def _shapes(draw: Choose, check: Check, situation: Situation) -> Shapes:
    names = dimensions(check.inputs)
    fixed = dict(situation.fixed)
    least = {name: check.least.get(name, 1) for name in names}
    shapes: dict[str, tuple[int, ...]] = {BATCH: (3,)}
    empty: str | None = None
    if situation.sizes == "empty":
        empty = draw(Among(tuple(name for name in names if least[name] == 0)))
    equal = draw(Whole(2, 4)) if situation.sizes == "equal" else 0
    used: set[int] = set()
    for name in names:
        if name in fixed:  # of any shape, one axis
            shapes[name] = (*([draw(Whole(2, 4))] if name == "..." else []), fixed[name])
        elif name == empty:
            shapes[name] = (0,)
        elif name == "...":
            shapes[name] = _any_shape(draw, situation)
        elif situation.sizes in ("one", "equal"):
            shapes[name] = (max(1, least[name], equal),)
        elif situation.sizes == "any":
            low = max(1, least[name])
            shapes[name] = (draw(Whole(low, low + 3)),)
        else:
            low = max(2, least[name])
            free = [size for size in range(low, low + len(names) + 2) if size not in used]
            shapes[name] = (draw(Among(tuple(free))),)
            used.update(shapes[name])
    return shapes


def _any_shape(draw: Choose, situation: Situation) -> tuple[int, ...]:
    if situation.sizes == "one":
        return ()
    ranks, least = ((0, 3), 1) if situation.sizes == "any" else ((1, 2), 2)
    return tuple(draw(Whole(least, 4)) for _ in range(draw(Whole(*ranks))))


def _shape(text: str, shapes: Shapes, batch_at: int | None = None) -> tuple[int, ...]:
    sizes: list[int] = []
    for word in text.split():
        if word == "...":
            sizes.extend(shapes[word])
        else:
            factors = (int(name) if name.isdigit() else shapes[name][0] for name in word.split("*"))
            sizes.append(math.prod(factors))
    if batch_at is not None:
        sizes.insert(batch_at, *shapes[BATCH])
    return tuple(sizes)


def _input(
    draw: Choose,
    given: Any,
    situation: Situation,
    shapes: Shapes,
    batch_at: int | None = None,
    extreme: bool = False,
) -> Tree:
    match given:
        case TensorInput():
            return _tensor(draw, given, situation, _shape(given.shape, shapes, batch_at), extreme)
        case ParamsInput():
            names = list(given.shapes)[:: -1 if situation.strided else 1]
            shaped = {name: _shape(given.shapes[name], shapes, batch_at) for name in names}
            entry = TensorInput("")
            return {name: _tensor(draw, entry, situation, shape, extreme) for name, shape in shaped.items()}
        case RowsInput():
            height, width = _shape(given.shape, shapes)
            whole = draw(Among((True, False)))
            values = _values(-4, 4, 1 if whole else 8)
            numbers = [_numbers(draw, values, width) for _ in range(height)]
            return [[int(n) if whole else n for n in row] for row in numbers]
        case SizeInput():
            return _shape(given.dim, shapes)[0]
        case NumberInput(low, high, "bool"):
            return draw(Among((False, True)))
        case NumberInput(low, high, "int"):
            return draw(Whole(int(low), int(high)))
        case NumberInput(low, high, _):
            return low + (high - low) * draw(Whole(0, 64)) / 64
        case KeyInput():
            return Array(torch.tensor([draw(Whole(0, 2**32 - 1)) for _ in range(2)], dtype=torch.int64))
        case Either(choices):
            chosen = choices[draw(Whole(0, len(choices) - 1))]
            return _input(draw, chosen, situation, shapes, batch_at, extreme)
        case _ if callable(given):
            return Named("function", given.__name__)
        case _:
            return given


def _tensor(draw: Choose, given: TensorInput, situation: Situation, shape: tuple[int, ...], extreme: bool) -> Array:
    dtype = given.dtype or situation.dtype
    count = math.prod(shape)
    large = count > ENTRIES_DRAWN
    if extreme:
        values = SIGNED_EXTREMES
    elif dtype.is_floating_point and not large:  # a narrow range has finer steps, so that it still has many values
        steps = (10 if dtype is torch.float64 else 8) * (1 if given.high - given.low >= 4 else 16)
        values = _values(given.low, given.high, steps)
    else:
        values = _values(given.low, given.high, 1)
    if not given.zero:
        values = [value for value in values if value]
    if large:
        data, code = _pattern(draw, values, shape, dtype)
    else:
        data, code = torch.tensor(_numbers(draw, values, count), dtype=torch.float64).to(dtype), ""
    requires_grad = draw(Among((False, True))) if given.requires_grad is None else given.requires_grad
    return Array(
        data.reshape(shape),
        given.kind,
        strided=situation.strided and count > 1,
        requires_grad=requires_grad and dtype.is_floating_point,
        code=code,
    )


def _pattern(
    draw: Choose, values: Sequence[float], shape: tuple[int, ...], dtype: torch.dtype
) -> tuple[torch.Tensor, str]:
    """Give a large tensor of repeating entries, and the line of Python that makes it."""
    count, start = math.prod(shape), draw(Whole(0, 9))
    data = torch.tensor(values, dtype=dtype)[(torch.arange(count) + start) % len(values)].reshape(shape)
    place = f"(torch.arange({count}) + {start}) % {len(values)}"
    return data, f"torch.tensor({list(values)}, dtype={dtype})[{place}].reshape({list(shape)})"
