"""Whether an exercise's own lists hold: what must pass passes, what must fail fails, and is named.

The stub is all `todo`, the solution and every alternative pass, every misconception is caught and named by its own
slug, and senseless answers fail. With the first seed all of them go the way of a student's file, through a worker of
their own; with further seeds they are trusted, and asked a few at a time where hundreds of answers cost seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from checker import sandbox
from checker.course import Exercise
from checker.sandbox import Workers
from checker.senseless import SENSELESS
from checker.verdict import Verdict

if TYPE_CHECKING:
    from checker.answer_key import AnswerKey
    from checker.draw import Case
    from checker.observation import Tree
    from checker.spec import Check

LEAST_HINTS = 2

TIMEOUT = 60.0
"""Seconds for one answer: the machine may be busy, and none of them hangs."""


@dataclass(frozen=True)
class Expectation:
    """One answer to one function, and what its check must say."""

    function: str
    label: str
    """How a problem with it is told: "misconception `swapped`"."""
    status: str
    """"passed", "todo", or "caught" for any other."""
    slug: str | None
    source: str
    """The answer as a file."""
    answer: Any = None
    """The answer as an object with the exercise's names; None where only the file shows it."""

    def problem(self, verdict: Verdict) -> str | None:
        """Say in what the verdict is not as expected, and what to do."""
        told = f"{self.label} of `{self.function}`"
        status = verdict.status if verdict.status in ("passed", "todo") else "caught"
        if status != self.status:
            detail = f" ({verdict.status}: {verdict.message})" if verdict.message else ""
            advice = {
                "passed": f"the check refuses a right answer; see `{_law(verdict)}`",
                "caught": "add inputs or a law that set it apart from the solution",
                "todo": "the stub must raise NotImplementedError; run `xor-check dev stub`",
            }[self.status]
            return f"{told} must be {self.status} and is {status}{detail}: {advice}"
        if self.slug is not None and verdict.misconception != self.slug:
            named = f"named `{verdict.misconception}`" if verdict.misconception else "not named"
            return (
                f"{told} is caught by `{_law(verdict)}` but {named}: it must answer otherwise than the solution on "
                "three drawn inputs, and otherwise than each other misconception on one"
            )
        return None


@dataclass
class Validation:
    """What was found of one exercise."""

    exercise: str
    functions: int
    hints: int
    alternatives: int
    misconceptions: int
    senseless: int
    verdicts: int = 0
    problems: list[str] = field(default_factory=list)
    mutants: int = 0
    """Small changes of the solution that were judged."""
    survivors: int = 0
    """How many of them passed."""
    equivalents: list[str] = field(default_factory=list)
    """Survivors that are right as well, each with the reason."""

    def add(self, verdicts: Sequence[str | None]) -> None:
        """Count verdicts, each given as the problem with it or None."""
        self.verdicts += len(verdicts)
        self.problems += [problem for problem in verdicts if problem is not None]


def run(exercises: Sequence[Exercise], *, seeds: int, with_mutants: bool = False, as_json: bool) -> int:
    """Validate exercises, print what was found, and give the exit code.

    Args:
        exercises: which ones.
        seeds: with how many seeds.
        with_mutants: whether small changes of the solutions are judged, too.
        as_json: whether to print JSON instead of a table.
    """
    spawn = get_context("spawn")
    with (
        ProcessPoolExecutor(mp_context=spawn, max_tasks_per_child=1) as trials,
        ProcessPoolExecutor(mp_context=spawn) as stage,
    ):
        validations = [trials.submit(_validate_alone, one, with_mutants) for one in exercises]
        rehearsals = [[stage.submit(_rehearse, one, seed) for seed in range(1, seeds)] for one in exercises]
        found = [validation.result() for validation in validations]
        for validation, others in zip(found, rehearsals, strict=True):
            for rehearsal in others:
                validation.add(rehearsal.result())
    holds = not any(one.problems for one in found)
    if as_json:
        print(json.dumps({"passed": holds, "seeds": seeds, "exercises": [vars(one) for one in found]}, indent=2))
    else:
        from checker.report.validation import show

        show(found, seeds)
    return 0 if holds else 1


def _validate_alone(exercise: Exercise, with_mutants: bool) -> Validation:
    """Validate one exercise in a process of its own, which has loaded no answer before its workers are there."""
    with sandbox.start(preload=exercise.preload) as workers:
        return validate(workers, exercise, with_mutants=with_mutants)


def validate(workers: Workers, exercise: Exercise, *, with_mutants: bool = False) -> Validation:
    """Validate one exercise with the first seed, each answer in a worker as a student's file would be."""
    from checker import answer_key  # after the fork, since no worker may hold an answer
    from checker.exam import Submission, grade

    key = answer_key.load(exercise.folder)
    found = Validation(
        exercise.stem,
        functions=len(key.checks),
        hints=sum(len(check.hints) for check in key.checks.values()),
        alternatives=len(key.alternatives),
        misconceptions=len(key.misconceptions),
        senseless=len(SENSELESS) * len(key.checks),
        problems=list(_incomplete(key)),
    )
    for one in expectations(exercise, key):
        submission = Submission(exercise.file, one.source.encode(), key, "cpu", 0, TIMEOUT, shrink=False)
        report = grade(workers, exercise.name, submission, [one.function])
        found.add([one.problem(report.verdicts[0])])
    if with_mutants:
        from checker.survivors import hunt

        hunted = hunt(workers, exercise, key)
        found.mutants, found.survivors = hunted.mutants, len(hunted.survivors)
        found.equivalents = [f"`{each.function}`: {each.change}: {each.reason}" for each in hunted.equivalents]
        found.problems += hunted.problems()
    return found


def _rehearse(exercise: Exercise, seed: int) -> list[str | None]:
    """Give the problem, if there is one, with each answer of an exercise under another seed."""
    from checker import answer_key
    from checker.judge import Asking, judge

    key = answer_key.load(exercise.folder)
    problems: list[str | None] = []
    for one in expectations(exercise, key):
        if one.answer is not None:
            check = key.checks[one.function]
            performer = Performer(key, check, one.answer)
            asking = Asking(key, check, performer, "rehearsal", "cpu", seed, float("inf"))
            problem = one.problem(judge(asking, shrink=False))
            problems.append(problem and f"{problem} (seed {seed})")
    return problems


def expectations(exercise: Exercise, key: AnswerKey) -> Iterator[Expectation]:
    """Give every answer that the exercise's lists hold, with what its check must say."""
    from checker.stub import stub_of

    stub, solution = stub_of(exercise), _text(exercise.solution)
    declared = {(each.function, each.change) for each in key.equivalents}
    for name in key.checks:
        right = getattr(key.solution, name)
        yield Expectation(name, "the stub", "todo", None, stub)
        yield Expectation(name, "the solution", "passed", None, solution, key.solution)
        for slug, spoil in SENSELESS.items():
            status = "passed" if (name, slug) in declared else "caught"  # zeros, say, where nothing else is right
            source = f"{solution}\n\nfrom checker.senseless import {slug}\n\n{name} = {slug}({name})\n"
            answer = SimpleNamespace(**{**vars(key.solution), name: spoil(right)})
            yield Expectation(name, f"the senseless answer `{slug}`", status, None, source, answer)
    for status, kind, file, variants in (
        ("passed", "alternative", exercise.alternatives, key.alternatives),
        ("caught", "misconception", exercise.misconceptions, key.misconceptions),
    ):
        for variant in variants:
            if variant.function not in key.checks:
                continue  # a problem of its own
            replaced = "".join(f"{name} = {answer.__name__}\n" for name, answer in variant.answers.items())
            source = f"{solution}\n\n{_text(file)}\n\n{replaced}"
            slug = variant.slug if status == "caught" else None
            answer = key.with_variant(variant)
            yield Expectation(variant.function, f"{kind} `{variant.slug}`", status, slug, source, answer)


def _incomplete(key: AnswerKey) -> Iterator[str]:
    """Give what the exercise's files lack, or hold by mistake."""
    from checker.observation import Raised

    for name, check in key.checks.items():
        if len(check.hints) < LEAST_HINTS:
            yield f"`{name}` has fewer than {LEAST_HINTS} hints: go from a gentle one to nearly the answer"
        for law in check.laws:
            answers = (key.right_answer(law, case, "cpu") for case in key.cases(check, law, 0))
            raised = next((answer for answer in answers if isinstance(answer, Raised)), None)
            if raised is not None:
                yield f"the solution's `{name}` raises {raised.type} ({raised.message}) under `{law.name}`"
    for variant in [*key.alternatives, *key.misconceptions]:
        if variant.function not in key.checks:
            yield f"`{variant.slug}` stands for `{variant.function}`, which checks.py does not check"
    slugs = [(variant.function, variant.slug) for variant in [*key.alternatives, *key.misconceptions]]
    for function, slug in sorted({pair for pair in slugs if slugs.count(pair) > 1}):
        yield f"`{slug}` of `{function}` is there twice: give each its own name"


@dataclass(frozen=True)
class Performer:
    """Answers questions in this process, as a worker would in its own: for answers that are trusted."""

    key: AnswerKey
    check: Check
    answer: Any

    def ask_all(self, questions: Iterable[tuple[str, Case]], *, deadline: float) -> Iterator[Tree]:
        """Give what each law's trial sees."""
        laws = {law.name: law for law in self.check.laws}
        for law, case in questions:
            yield self.key.seen(self.answer, laws[law], case, "cpu")


def _law(verdict: Verdict) -> str:
    return verdict.failures[0].law if verdict.failures else verdict.status


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
