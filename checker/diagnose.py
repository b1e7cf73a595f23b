"""Which known mistake explains the answers, if one does.

A misconception is named on evidence alone: it must answer every drawn question as the student's function did, and on
at least three of them answer otherwise than the solution. Where the evidence is thinner nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from checker.draw import Case
from checker.law import Law
from checker.literal import literal
from checker.observation import Tree
from checker.spec import Variant

ENOUGH = 3
"""On how many inputs it must part from the solution to be named; a function without arguments has only one."""


@dataclass(frozen=True)
class Evidence:
    """One question, and what the solution and the student's function let a trial see."""

    law: Law
    case: Case
    expected: Tree
    got: Tree


@dataclass(frozen=True)
class Suspect:
    """A misconception that has answered every question so far as the student's function did."""

    known: Variant
    telling: int
    """How many of its answers are not the solution's."""


def suspects(
    misconceptions: Iterable[Variant],
    evidence: Sequence[Evidence],
    observe: Callable[[Variant, Law, Case], Tree],
    agree: Callable[[Evidence, Tree, Tree], bool],
) -> Iterator[Suspect]:
    """Give the misconceptions that all evidence speaks for, in their order.

    Args:
        misconceptions: the known mistakes for the function.
        evidence: every question that was asked.
        observe: runs a law's trial on a misconception.
        agree: whether two observations of one question count as the same answer.
    """
    for known in misconceptions:
        telling: set[str] = set()
        for item in evidence:
            answer = observe(known, item.law, item.case)
            if not agree(item, answer, item.got):
                break
            if not agree(item, item.expected, answer):
                telling.add(literal(item.case))  # the simplest inputs come again under every law: they count once
        else:
            yield Suspect(known, len(telling))
