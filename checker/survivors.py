"""Which mutants of a solution pass its checks: each is a blind spot of the checks, or a program that is right as well.

An instructor declares the latter in `alternatives.py`, each with the reason; what is left over is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checker.answer_key import AnswerKey
from checker.course import Exercise
from checker.exam import Submission, grade
from checker.mutants import Mutant, mutants
from checker.sandbox import Workers
from checker.senseless import SENSELESS
from checker.spec import Equivalent

TIMEOUT = 20.0
"""Seconds for one function: some mutants never end."""


@dataclass(frozen=True)
class Hunt:
    """What became of the mutants of one exercise."""

    mutants: int
    survivors: tuple[Mutant, ...]
    equivalents: tuple[Equivalent, ...]

    def problems(self) -> Iterator[str]:
        """Say which survivor nobody has explained, and which explanation has no survivor."""
        survived = {(each.function, each.change) for each in self.survivors}
        explained = {(each.function, each.change) for each in self.equivalents if each.change not in SENSELESS}
        for function, change in sorted(survived - explained):
            yield (
                f"a mutant of `{function}` passes: {change}: add inputs or a law that set it apart, or declare it "
                "in alternatives.py with `equivalent` and the reason why it is right"
            )
        for function, change in sorted(explained - survived):
            yield f"`equivalent` of `{function}` explains what is no surviving mutant: {change}: take it out"


def hunt(workers: Workers, exercise: Exercise, key: AnswerKey) -> Hunt:
    """Judge every mutant of a solution, each as a student's file would be."""
    made = list(mutants(exercise.solution.read_text("utf-8")))
    survivors = tuple(mutant for mutant in made if _passes(workers, exercise, key, mutant))
    return Hunt(len(made), survivors, tuple(key.equivalents))


def _passes(workers: Workers, exercise: Exercise, key: AnswerKey, mutant: Mutant) -> bool:
    submission = Submission(exercise.file, mutant.source.encode(), key, "cpu", 0, TIMEOUT, shrink=False, explain=False)
    asked = [mutant.function] if mutant.function in key.checks else list(key.checks)  # a helper may serve any of them
    return all(grade(workers, exercise.name, submission, [function]).passed for function in asked)
