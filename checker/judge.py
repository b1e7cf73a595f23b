"""One function's check: draw inputs, ask the worker, compare with the solution, shrink, name the mistake.

The judge trusts nobody but the answer key. For every law of the function it draws cases, runs the law's trial on the
solution here and has the worker run it on the student's function there. All cases are asked even after a difference,
because the answers to all of them are the evidence on which a known mistake is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from checker import diagnose, draw, replay
from checker.agreement import Aspect, Difference, Standard, aspect, difference
from checker.answer_key import AnswerKey
from checker.diagnose import Evidence
from checker.draw import Case, Drawn, scale
from checker.law import Law
from checker.laws import RESULT
from checker.observation import Raised, Tree, live
from checker.sandbox import Lost
from checker.spec import Check, Variant
from checker.verdict import Failure, Verdict
from checker.wording import pasteable, patience, sentence, traceback_text

EXTRA_EVIDENCE = 8
"""Further cases for each situation of a failed law, where a known mistake is suspected and not yet proven."""


class Worker(Protocol):
    """What runs the student's function on questions: `sandbox.Worker`, or a stand-in."""

    def ask_all(self, questions: Iterable[tuple[str, Case]], *, deadline: float) -> Iterator[Tree]:
        """Give what each law's trial saw; raises `sandbox.Lost` when the worker is gone."""
        ...


class _TodoError(Exception):
    """The function is still the stub, or one that it calls is."""

    def __init__(self, unwritten: str) -> None:
        super().__init__(unwritten)
        self.unwritten = unwritten


@dataclass(frozen=True)
class Asking:
    """Who is asked what: one function, its check, and all that answers depend on."""

    key: AnswerKey
    check: Check
    worker: Worker
    module: str
    """The student's module as an import would name it, for counterexamples."""
    device: str
    seed: int
    deadline: float
    """By `time.monotonic()`."""

    def cases(self, law: Law, *, more: int = 0) -> list[Case]:
        """Give the cases that the law is tried on."""
        return self.key.cases(self.check, law, self.seed, more=more)

    def ask(self, law: Law, cases: Sequence[Case]) -> Iterator[Evidence]:
        """Ask the student's function about cases; it is at work from now on, whenever the evidence is looked at."""
        seen = self.worker.ask_all([(law.name, case) for case in cases], deadline=self.deadline)

        def compare_notes() -> Iterator[Evidence]:
            for case in cases:
                expected = self.key.right_answer(law, case, self.device)
                got = next(seen)
                if isinstance(got, Raised) and got.type == "NotImplementedError" and got.innermost_is_own:
                    raise _TodoError(got.lines[-1][1] if got.lines else self.check.name)
                yield Evidence(law, case, expected, got)

        return compare_notes()

    def compare(self, item: Evidence, expected: Tree, got: Tree) -> Difference | None:
        """Give what parts two answers to one question."""
        standard = self.standard(item.case)
        if item.law.predicate is None:
            return difference(expected, got, standard)
        form = difference(expected, got, replace(standard, values=False))
        if form is not None:  # a predicate need not expect what no right answer is
            return form
        inputs = live(item.case, self.key.functions, self.device)
        try:
            wrong = item.law.predicate(live(got, self.key.functions, self.device), *inputs)
        except Exception as error:  # what came may be anything, and nothing may keep the judge from a verdict
            wrong = f"what cannot be judged ({type(error).__name__}: {error})"
        return None if wrong is None else Difference(Aspect.VALUES, (), item.law.demand, wrong)

    def aspect(self, item: Evidence, expected: Tree, got: Tree) -> Aspect | None:
        """Give in which respect two answers to one question part."""
        if item.law.predicate is None:
            return aspect(expected, got, self.standard(item.case))
        found = self.compare(item, expected, got)
        return found and found.aspect

    def example(self, law: Law, case: Case) -> str:
        """Give the call of a case as Python to paste."""
        return pasteable(self.module, self.check, law, case, self.key.checks_source, self.key.checks)

    def token(self, law: Law, case: Case, message: str) -> str | None:
        """Give what repeats a failure exactly; see `replay`."""
        return replay.of(self.key, self.check.name, law, case, message, seed=self.seed, device=self.device)

    def standard(self, case: Case) -> Standard:
        """Say how strictly answers about a case are compared."""
        largest = case.scale if isinstance(case, Drawn) else scale(case)
        return Standard(self.check.tolerances, self.check.values, largest)

    def agree(self, item: Evidence, one: Tree, other: Tree) -> bool:
        """Whether two answers to one question count as the same: for a predicate, whether it says the same of both.

        It may say it with other figures, since two draws of one mistake differ in theirs.
        """
        if item.law.predicate is None:
            return self.aspect(item, one, other) is None
        verdicts = [self.compare(item, item.expected, answer) for answer in (one, other)]
        words = [found and re.sub(r"-?\d[\w.+-]*", "", found.got) for found in verdicts]
        return words[0] == words[1]


def judge(asking: Asking, *, shrink: bool = True, explain: bool = True) -> Verdict:
    """Give the verdict on one function that exists and has the right signature.

    Args:
        asking: the function, its check, and the worker that has loaded the student's file.
        shrink: whether the counterexample is made as small as it can be.
        explain: whether all laws that fail are told, and a known mistake is looked for; else the first one ends it.
    """
    check, hints = asking.check, len(asking.check.hints)
    evidence: list[Evidence] = []
    failed: list[Evidence] = []
    judged = 0
    lost: Lost | None = None
    try:
        for answers in _one_ahead(_asked(asking)):
            evidence.extend(answers)
            failed += _failed_laws(asking, evidence[judged:])
            judged = len(evidence)
            if failed and not explain:
                break
    except _TodoError as todo:
        return Verdict(check.name, "todo", _to_write(check.name, todo.unwritten, asking.key), hints=hints)
    except Lost as error:
        lost = error
        failed += _failed_laws(asking, evidence[judged:])
    if not failed and lost is not None:
        questions = [(law, case) for law in check.laws for case in asking.cases(law)]
        asked = questions[len(evidence)]  # the first that has no answer
        example = asking.example(*asked)
        message = f"`{check.name}` {lost.message}. The call below is the first without an answer{patience(lost)}."
        failure = Failure(asked[0].name, message, example, again=asking.token(*asked, message))
        return Verdict(check.name, lost.status, message, failures=(failure,), hints=hints)
    if not failed:
        on_stand_in = check.on_stand_in and f"watched on a stand-in for a GPU: {check.on_stand_in}"
        return Verdict(check.name, "passed", on_stand_in or "", hints=hints)
    known = _misconception(asking, evidence, failed) if explain and lost is None else None
    first = _smallest(asking, failed[0]) if shrink and lost is None else failed[0]
    raised = first.got if isinstance(first.got, Raised) else None
    failures = tuple(_distinct(asking, [first, *failed[1:]]))
    return Verdict(
        check.name,
        "error" if raised is not None else "failed",
        failures[0].message,
        failures=failures,
        misconception=known and known.slug,
        advice=known and known.advice,
        traceback=traceback_text(raised) if raised is not None else None,
        hints=hints,
    )


def _to_write(function: str, unwritten: str, key: AnswerKey) -> str:
    if unwritten == function or unwritten not in key.checks:
        return "still to write"
    return f"waits for `{unwritten}`, which is still to write"


def _asked(asking: Asking) -> Iterator[Iterator[Evidence]]:
    """Ask about all cases of each law, but let `agrees` have what a wider law sees of the same inputs."""
    laws = asking.check.laws
    agrees = next((law for law in laws if law.name == "agrees"), None)
    after = laws[laws.index(agrees) :] if agrees is not None else ()
    wider = next((law for law in after if law.holds_answer), None)
    seen: list[Evidence] = []

    def narrowed(law: Law, items: Iterator[Evidence]) -> Iterator[Evidence]:
        for item in items:
            seen.append(item)
            expected = asking.key.right_answer(law, item.case, asking.device)
            yield Evidence(law, item.case, expected, item.law.answer_in(item.got))

    for law in laws:
        cases = asking.cases(law)
        if agrees is None or wider is None or law not in (agrees, wider):
            yield asking.ask(law, cases)
            continue
        others = {id(case) for case in asking.cases(wider if law is agrees else agrees)}
        own = [case for case in cases if id(case) not in others]
        if law is agrees:
            common = asking.ask(wider, [case for case in cases if id(case) in others])
            yield chain(narrowed(law, common), asking.ask(law, own))
        else:
            yield chain(seen, asking.ask(law, own))


def _one_ahead(work: Iterable[Iterator[Evidence]]) -> Iterator[Iterator[Evidence]]:
    """Give one thing after another, each when the next has been begun: the worker need not wait for the judge."""
    begun = list[Iterator[Evidence]]()
    for one in work:
        begun.append(one)
        if len(begun) > 1:
            yield begun.pop(0)
    yield from begun


def _failed_laws(asking: Asking, evidence: list[Evidence]) -> list[Evidence]:
    """Give, for each law that failed, the question whose difference explains most."""
    worst: dict[str, tuple[Aspect, Evidence]] = {}
    for item in evidence:
        found = asking.aspect(item, item.expected, item.got)
        if found is not None and (item.law.name not in worst or found < worst[item.law.name][0]):
            worst[item.law.name] = found, item
    return [item for _, item in worst.values()]


def _smallest(asking: Asking, item: Evidence) -> Evidence:
    """Give the smallest question that shows the same aspect of the same law."""
    found = asking.aspect(item, item.expected, item.got)
    smallest = item

    def fails(case: Case) -> bool:
        nonlocal smallest
        (candidate,) = asking.ask(item.law, [case])
        if found is None or asking.aspect(candidate, candidate.expected, candidate.got) is not found:
            return False
        smallest = candidate
        return True

    with suppress(Lost, _TodoError):  # a smaller input that hangs or crashes is another story
        draw.shrink(asking.check, item.law, asking.seed, asking.key.functions, fails)
    return smallest


def _misconception(asking: Asking, evidence: list[Evidence], failed: list[Evidence]) -> Variant | None:
    """Give the known mistake that answers as the student's function does, if the evidence names one."""

    def observe(known: Variant, law: Law, case: Case) -> Tree:
        return asking.key.known_answer(known, law, case, asking.device)

    known = [variant for variant in asking.key.misconceptions if variant.function == asking.check.name]
    enough = diagnose.ENOUGH if asking.check.inputs else 1
    telling_first = sorted(evidence, key=lambda item: item not in failed)  # most mistakes part with these at once
    for suspect in diagnose.suspects(known, telling_first, observe, asking.agree):
        if suspect.telling >= enough:
            return suspect.known
        more = [*evidence, *_more_evidence(asking, failed)]
        again = diagnose.suspects([suspect.known], more, observe, asking.agree)
        if any(proven.telling >= enough for proven in again):
            return suspect.known
    return None


def _more_evidence(asking: Asking, failed: list[Evidence]) -> list[Evidence]:
    """Ask further questions about the laws that failed: some mistakes show only in rare situations."""
    more: list[Evidence] = []
    with suppress(Lost, _TodoError):
        for item in failed:
            more.extend(asking.ask(item.law, asking.cases(item.law, more=EXTRA_EVIDENCE)))
    return more


def _distinct(asking: Asking, failed: list[Evidence]) -> Iterator[Failure]:
    """Give the failures that say something new: a wrong shape need not be told for every law that it breaks."""
    told: set[tuple[Aspect, tuple[str | int, ...]]] = set()
    for item in failed:
        found = asking.compare(item, item.expected, item.got)
        if found is None:
            continue
        path = found.path[1:] if found.path[:1] == (RESULT,) else found.path
        if (found.aspect, path) in told:
            continue
        told.add((found.aspect, path))
        message = sentence(asking.check.name, item.law, found)
        yield Failure(
            "keeps_device" if found.aspect is Aspect.DEVICE else item.law.name,
            message,
            asking.example(item.law, item.case),
            found.expected,
            found.got,
            found.where,
            asking.token(item.law, item.case, message),
        )
