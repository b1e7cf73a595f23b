"""A law as data: how its inputs are drawn, what its trial sees, and the words and lines that tell of it.

The judge runs a law's trial on the solution, on the student's answer and on each known misconception, and compares
what was seen. The laws themselves stand in `laws`.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch

Trial = Callable[..., Any]
"""`trial(answer, *inputs) -> observation`: uses an answer and says what it saw."""

Sizes = Literal["unequal", "equal", "any", "one", "empty"]


@dataclass(frozen=True)
class Situation:
    """How the inputs of some cases are drawn."""

    count: int
    sizes: Sizes = "unequal"
    dtype: torch.dtype = torch.float32
    strided: bool = False
    extreme: tuple[str, ...] = ()
    """Arguments drawn from the far ends of the number line."""
    batched: tuple[tuple[str, int], ...] = ()
    """Arguments given one more axis, of size B, at a position."""
    fixed: tuple[tuple[str, int], ...] = ()
    """Dimensions whose size the law sets; of "..." that of one axis, beside another."""


@dataclass(frozen=True)
class Law:
    """Something that must hold."""

    name: str
    demand: str
    """What is demanded, to follow the function's name: "gives the same ..."."""
    trial: Trial
    situations: tuple[Situation, ...]
    code: str
    """What the trial does, as Python for a reader; the inputs stand above it under the names of the arguments."""
    predicate: Callable[..., str | None] | None = None
    """Judges an observation by itself: `predicate(observation, *inputs)` says what is wrong, or None."""
    holds_answer: str = ""
    """The key under which an observation holds what `agrees` sees of the same inputs; "" where there is none."""

    def answer_in(self, observation: Any) -> Any:
        """Give what `agrees` sees of the inputs that this was seen of: the same, where the first call raised."""
        return observation.get(self.holds_answer, observation) if isinstance(observation, dict) else observation


@dataclass(frozen=True)
class Subject:
    """The function that laws are made for."""

    name: str
    arguments: tuple[str, ...]
    trial: Trial
    code: str
    changes: tuple[str, ...] = ()
    dicts: tuple[str, ...] = ()
    """Arguments that are dicts of tensors."""
    has_tensors: bool = True
    has_floats: bool = True
    may_be_empty: bool = False
    may_be_one: tuple[str, ...] = ()
    """Dimensions that may have the size one."""


Rule = Callable[[Subject], Law | None]
"""Makes the law for a subject, or None where it cannot apply."""


def call(name: str) -> Trial:
    """Give the trial that calls the function and sees its result."""

    def trial(answer: Any, *inputs: Any) -> Any:
        return getattr(answer, name)(*inputs)

    return trial


def code_of(trial: Trial) -> tuple[tuple[str, ...], str]:
    """Give a trial's argument names (after `answer`) and its body as Python that stands alone."""
    answer, *arguments = inspect.signature(trial).parameters
    source = textwrap.dedent(inspect.getsource(trial))
    if source.startswith("def"):
        body = textwrap.dedent(re.split(r"\)\s*(?:->.*)?:\s*\n", source, maxsplit=1)[1])
        body = re.sub(r'^""".*?"""\n', "", body, flags=re.DOTALL)
    else:
        raise ValueError(f"trial {trial!r} is no plain function: write it with `def`, so that it can be shown")
    body = re.sub(r"^return ", "", body.rstrip(), flags=re.MULTILINE)
    return tuple(arguments), re.sub(rf"\b{answer}\.", "", body)
