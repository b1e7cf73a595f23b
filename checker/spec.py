"""The vocabulary of `checks.py`: which inputs a function is asked with, which laws it must keep, which hints it has.

    check("matmul", x=tensor("N D"), w=tensor("D H"), hints=["...", "..."])

says all of it: the letters name dimensions, equal letters equal sizes, and the laws of every function (the right
answer, in every dtype, size and memory layout, and nothing changed by the call) hold without being named. Everything
here is a description; `draw` makes inputs of it, `laws` says what must hold, `judge` asks.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from checker.busy_time import elapsed
from checker.inputs import (
    Either,
    Input,
    ParamsInput,
    TensorInput,
    array,
    boolean,
    dimensions,
    integer,
    key,
    labels,
    number,
    one_of,
    params,
    rows,
    size,
    tensor,
)
from checker.law import Law, Rule, Subject, Trial, call, code_of
from checker.laws import (
    DEFAULT,
    agrees,
    any_layout,
    any_size,
    detached,
    deterministic_in_key,
    differentiates,
    keeps_device,
    keeps_dtype,
    memory_linear_in,
    owns_memory,
    pure,
    satisfies,
    seen_by,
    shares_memory,
    stable,
    vmaps,
)
from checker.pretended_gpu import pretended_gpu

__all__ = [
    "Tolerance",
    "agrees",
    "alternative",
    "any_layout",
    "any_size",
    "array",
    "boolean",
    "check",
    "detached",
    "deterministic_in_key",
    "differentiates",
    "elapsed",
    "equivalent",
    "integer",
    "keeps_device",
    "keeps_dtype",
    "key",
    "labels",
    "memory_linear_in",
    "misconception",
    "number",
    "one_of",
    "owns_memory",
    "params",
    "pretended_gpu",
    "pure",
    "rows",
    "satisfies",
    "seen_by",
    "shares_memory",
    "size",
    "stable",
    "tensor",
    "vmaps",
]


# Checks, misconceptions, alternatives


@dataclass(frozen=True)
class Tolerance:
    """How far an entry may be from the right one: `relative * |right| + absolute`.

    Without an absolute part, one is scaled to the largest entry, so that small answers are judged like large ones.
    """

    relative: float
    absolute: float | None = None


TOLERANCES: Mapping[torch.dtype, Tolerance] = {
    # About 250 units in the last place: room for another order of the same sums, none for another formula.
    torch.float16: Tolerance(1e-2),
    torch.bfloat16: Tolerance(3e-2),
    torch.float32: Tolerance(3e-5),
    torch.float64: Tolerance(1e-10),
    torch.complex64: Tolerance(3e-5),
}


@dataclass(frozen=True)
class Check:
    """All that one function is checked by."""

    name: str
    inputs: Mapping[str, Input]
    laws: tuple[Law, ...]
    hints: tuple[str, ...]
    off_limits: tuple[str, ...]
    least: Mapping[str, int]
    where: Callable[..., bool] | None
    values: bool
    tolerances: Mapping[torch.dtype, Tolerance]
    on_stand_in: str | None


@dataclass(frozen=True)
class Variant:
    """Another way to write one function: a right one, or a known mistake with the sentence that helps."""

    function: str
    slug: str
    answer: Any
    advice: str | None = None
    beside: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Functions of the exercise that go with it, where they are judged together."""

    @property
    def answers(self) -> Mapping[str, Any]:
        """All functions that it replaces."""
        return {**self.beside, self.function: self.answer}


@dataclass(frozen=True)
class Equivalent:
    """A small change of a solution, or a senseless answer, that is right all the same: it need not be seen to fail."""

    function: str
    change: str
    reason: str


def check(
    name: str,
    /,
    *,
    trial: Trial | None = None,
    laws: Sequence[Rule] = (),
    without: Sequence[Rule] = (),
    least: Mapping[str, int] | None = None,
    where: Callable[..., bool] | None = None,
    changes: Sequence[str] = (),
    values: bool = True,
    tolerances: Mapping[torch.dtype, Tolerance] | None = None,
    off_limits: Sequence[str] = (),
    on_stand_in: str | None = None,
    hints: Sequence[str] = (),
    **inputs: Input,
) -> None:
    """Say how one function is checked.

    Args:
        name: the function's or class's name.
        trial: `trial(answer, *inputs)` uses the answer and gives what it saw, where that is more than the result.
        laws: what must hold beside the laws of every function.
        without: laws of every function that do not hold of this one.
        least: the smallest size of a dimension where it is not 1; 0 says that it may be empty.
        where: keeps only inputs of which it is true.
        changes: arguments that the function changes in place.
        values: False for a random function, whose values are left to its laws while kind, shape and dtype agree.
        tolerances: how exact entries must be, by dtype.
        off_limits: dotted names that raise while this function runs, since they would be the answer.
        on_stand_in: what of it is watched on a stand-in for a GPU; said of a pass, so that nobody is misled.
        hints: from gentle to nearly the answer.
        inputs: the arguments in order, each by its description.

    Raises:
        ValueError: a trial takes other arguments than the inputs.
    """
    arguments = tuple(inputs)
    code = f"{name}({', '.join(arguments)})"
    if trial is not None:
        taken, code = code_of(trial)
        if taken != arguments:
            raise ValueError(f"the trial of {name!r} takes {taken}: it must take {arguments}, the inputs of its check")
    sizes = dict(least or {})
    subject = Subject(
        name,
        arguments,
        trial or call(name),
        code,
        tuple(changes),
        tuple(argument for argument, given in inputs.items() if _is_dict(given)),
        has_tensors=any(_has_tensors(given) for given in inputs.values()),
        has_floats=any(_has_floats(given) for given in inputs.values()),
        may_be_empty=0 in sizes.values(),
        may_be_one=tuple(dim for dim in dimensions(inputs) if sizes.get(dim, 1) <= 1),
    )
    rules = [rule for rule in DEFAULT if rule not in without] + list(laws)
    made = tuple(law for rule in rules if (law := rule(subject)) is not None)
    tolerance = {**TOLERANCES, **(tolerances or {})}
    _current().append(
        Check(name, inputs, made, tuple(hints), tuple(off_limits), sizes, where, values, tolerance, on_stand_in)
    )


Answer = TypeVar("Answer", bound=Callable[..., Any])


def misconception(
    function: str, advice: str, *, beside: Mapping[str, Callable[..., Any]] | None = None
) -> Callable[[Answer], Answer]:
    """Declare a wrong answer that students give; its own name is the slug that reports carry.

    Args:
        function: the function of the exercise that it stands for.
        advice: the sentence that helps, addressed to the student.
        beside: other functions of the exercise that go with it, by name, where a pair is judged together.
    """
    return _variant(function, advice, beside)


def alternative(function: str, *, beside: Mapping[str, Callable[..., Any]] | None = None) -> Callable[[Answer], Answer]:
    """Declare a right answer in another form, which the checks must pass.

    Args:
        function: the function of the exercise that it stands for.
        beside: other functions of the exercise that go with it, by name, where a pair is judged together.
    """
    return _variant(function, None, beside)


def equivalent(function: str, change: str, reason: str) -> None:
    """Declare that a mutant of the solution, or a senseless answer, is right all the same.

    Args:
        function: whose solution was changed.
        change: the change, as `dev validate --mutants` writes it, or the name of the senseless answer.
        reason: why no caller can tell the difference, or why the task leaves it open.
    """
    _current().append(Equivalent(function, change, reason))


def _variant(
    function: str, advice: str | None, beside: Mapping[str, Callable[..., Any]] | None
) -> Callable[[Answer], Answer]:
    def declare(answer: Answer) -> Answer:
        _current().append(Variant(function, answer.__name__, answer, advice, dict(beside or {})))
        return answer

    return declare


def _is_dict(given: Any) -> bool:
    return all(map(_is_dict, given.choices)) if isinstance(given, Either) else isinstance(given, ParamsInput)


def _has_tensors(given: Any) -> bool:
    if isinstance(given, Either):
        return any(_has_tensors(choice) for choice in given.choices)
    return isinstance(given, (TensorInput, ParamsInput))


def _has_floats(given: Any) -> bool:
    if isinstance(given, Either):
        return any(_has_floats(choice) for choice in given.choices)
    return isinstance(given, ParamsInput) or (isinstance(given, TensorInput) and given.dtype is None)


# Reading a file of declarations

_open: list[list[Any]] = []


def _current() -> list[Any]:
    if not _open:
        return []  # the file was imported by itself, to be read or tested: nobody collects
    return _open[-1]


def declarations(source: str, filename: str) -> tuple[list[Any], dict[str, Any]]:
    """Execute a file of declarations; give what it declared, in order, and its globals."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    names: dict[str, Any] = {"__name__": filename, "__file__": filename}
    _open.append([])
    try:
        exec(compile(source, filename, "exec", dont_inherit=True), names)
        return _open[-1], names
    finally:
        _open.pop()


def collect(source: str, filename: str) -> tuple[dict[str, Check], dict[str, Any]]:
    """Execute a `checks.py`; give its checks by function, and its globals, where inputs find their functions."""
    declared, names = declarations(source, filename)
    return {item.name: item for item in declared if isinstance(item, Check)}, names
