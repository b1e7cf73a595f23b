"""Whether an exercise's own lists hold: what must pass passes, what must fail fails, and is named.

The stub is all `todo`, the solution and every alternative pass, every misconception is caught and named by its own
slug, and senseless answers fail. With the first seed all of them go the way of a student's file, through a worker of
their own; with further seeds they are asked in this process, where hundreds of answers cost seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def run(exercises: Sequence[Exercise], *, seeds: int, as_json: bool) -> int:
    """Validate exercises, print what was found, and give the exit code."""
    with sandbox.start() as workers:
        found = [validate(workers, exercise, seeds) for exercise in exercises]
    holds = not any(one.problems for one in found)
    if as_json:
        print(json.dumps({"passed": holds, "seeds": seeds, "exercises": [vars(one) for one in found]}, indent=2))
    else:
        from checker.report.validation import show

        show(found, seeds)
    return 0 if holds else 1


def validate(workers: Workers, exercise: Exercise, seeds: int) -> Validation:
    """Validate one exercise by workers, and by further seeds in this process."""
    from checker import answer_key  # after the fork, since no worker may hold an answer
    from checker.exam import Submission, grade

    start = time.perf_counter()
    key = answer_key.load(exercise.folder)
    expected = list(expectations(exercise, key))
    found = Validation(
        exercise.stem,
        functions=len(key.checks),
        hints=sum(len(check.hints) for check in key.checks.values()),
        alternatives=len(key.alternatives),
        misconceptions=len(key.misconceptions),
        senseless=len(SENSELESS) * len(key.checks),
    )
    found.problems += list(_incomplete(key))
    for one in expected:
        submission = Submission(exercise.file, one.source.encode(), key, "cpu", 0, 60.0, shrink=False)
        report = grade(workers, exercise.name, submission, [one.function])
        _note(found, one, report.verdicts[0])
    for seed in range(1, seeds):
        for one in expected:
            if one.answer is not None:
                _note(found, one, _rehearse(key, one, seed), f" (seed {seed})")
    found.seconds = time.perf_counter() - start
    return found


def expectations(exercise: Exercise, key: AnswerKey) -> Iterator[Expectation]:
    """Give every answer that the exercise's lists hold, with what its check must say."""
    from checker.stub import stub_of

    stub, solution = stub_of(exercise), _text(exercise.solution)
    for name in key.checks:
        right = getattr(key.solution, name)
        yield Expectation(name, "the stub", "todo", None, stub)
        yield Expectation(name, "the solution", "passed", None, solution, key.solution)
        for slug, spoil in SENSELESS.items():
            source = f"{solution}\n\nfrom checker.senseless import {slug}\n\n{name} = {slug}({name})\n"
            answer = SimpleNamespace(**{**vars(key.solution), name: spoil(right)})
            yield Expectation(name, f"the senseless answer `{slug}`", "caught", None, source, answer)
    for status, kind, file, variants in (
        ("passed", "alternative", exercise.alternatives, key.alternatives),
        ("caught", "misconception", exercise.misconceptions, key.misconceptions),
    ):
        for variant in variants:
            source = f"{solution}\n\n{_text(file)}\n\n{variant.function} = {variant.slug}\n"
            slug = variant.slug if status == "caught" else None
            answer = key.with_variant(variant)
            yield Expectation(variant.function, f"{kind} `{variant.slug}`", status, slug, source, answer)


def _incomplete(key: AnswerKey) -> Iterator[str]:
    """Give what the exercise's files lack, or hold by mistake."""
    from checker.observation import Raised

    for name, check in key.checks.items():
        if not hasattr(key.solution, name):
            yield f"solution.py has no `{name}`, which checks.py checks"
        if len(check.hints) < LEAST_HINTS:
            yield f"`{name}` has fewer than {LEAST_HINTS} hints: go from a gentle one to nearly the answer"
        for law in check.laws:
            for _, right in key.questions(check, law, 0, "cpu"):
                if isinstance(right, Raised):
                    yield f"the solution's `{name}` raises {right.type} ({right.message}) under `{law.name}`"
                    break
    for variant in [*key.alternatives, *key.misconceptions]:
        if variant.function not in key.checks:
            yield f"`{variant.slug}` stands for `{variant.function}`, which checks.py does not check"
    slugs = [(variant.function, variant.slug) for variant in [*key.alternatives, *key.misconceptions]]
    for function, slug in sorted({pair for pair in slugs if slugs.count(pair) > 1}):
        yield f"`{slug}` of `{function}` is there twice: give each its own name"


def _rehearse(key: AnswerKey, one: Expectation, seed: int) -> Verdict:
    from checker.judge import Asking, judge

    check = key.checks[one.function]
    performer = _Performer(key, check, one.answer)
    return judge(Asking(key, check, performer, "rehearsal", "cpu", seed, float("inf")), shrink=False)


@dataclass(frozen=True)
class _Performer:
    """Answers questions in this process, as a worker would in its own."""

    key: AnswerKey
    check: Check
    answer: Any

    def ask(self, law: str, inputs: Case, *, deadline: float) -> Tree:
        from checker import global_state

        asked = next(one for one in self.check.laws if one.name == law)
        with global_state.preserved():
            return self.key.observe(self.answer, asked, inputs, "cpu")


def _note(found: Validation, one: Expectation, verdict: Verdict, remark: str = "") -> None:
    found.verdicts += 1
    problem = one.problem(verdict)
    if problem is not None:
        found.problems.append(problem + remark)


def _law(verdict: Verdict) -> str:
    return verdict.failures[0].law if verdict.failures else verdict.status


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
