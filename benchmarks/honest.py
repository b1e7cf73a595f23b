"""Whether a right answer fails: all solutions and alternatives of the course, graded as submissions of strangers are.

    python -m benchmarks.honest [NAME...] [--sandbox none|strict] [--timeout SECONDS]

A name is `the solution`, or a function and an alternative as in `hvp: forward_over_reverse`. The exit code is 1 where
one fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.course import Exercise, packaged
from checker.verdict import Verdict

SANDBOXES = ("none", "strict")
SEED = 20_261_126


AS_PLAIN_PYTHON = """
def alternative(*args, **kwargs):
    return lambda answer: answer


def equivalent(*args, **kwargs):
    pass

"""
"""What the declarations of `alternatives.py` are in a student's file."""


@dataclass(frozen=True)
class Honest:
    """A right answer: a whole solution, or one function of it in another form."""

    exercise: Exercise
    name: str
    source: str
    functions: tuple[str, ...]


def honest_answers() -> Iterator[Honest]:
    """Give the solutions of all exercises, and each alternative in the place of the solution's function."""
    from checker import answer_key

    for exercise in packaged().exercises:
        solution = exercise.solution.read_text("utf-8")
        yield Honest(exercise, "the solution", solution, exercise.functions)
        text = exercise.alternatives.read_text("utf-8") if exercise.alternatives.exists() else ""
        text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("from checker.spec "))
        for variant in answer_key.load(exercise.folder).alternatives:
            named = "\n".join(f"{name} = {answer.__name__}" for name, answer in variant.answers.items())
            source = f"{solution}\n{AS_PLAIN_PYTHON}\n{text}\n{named}\n"
            yield Honest(exercise, f"{variant.function}: {variant.slug}", source, (variant.function,))


def false_fails(answers: Iterable[Honest], sandbox: str, timeout: float) -> Iterator[tuple[Honest, Verdict | None]]:
    """Grade honest answers; give each with the first verdict that is no pass.

    Args:
        answers: which ones.
        sandbox: "none" or "strict".
        timeout: seconds for each function.
    """
    from checker import sandbox as workers_of

    preload = dict.fromkeys(name for exercise in packaged().exercises for name in exercise.preload)
    with workers_of.start("fork", preload=preload, enclosed=sandbox == "strict") as workers:
        from checker import answer_key, exam

        keys = {exercise.name: answer_key.load(exercise.folder) for exercise in packaged().exercises}
        for one in answers:
            file = Path("exercises", f"{one.exercise.stem}.py")
            key = keys[one.exercise.name]
            submission = exam.Submission(file, one.source.encode(), key, "cpu", SEED, timeout, alone=True)
            verdicts = exam.grade(workers, one.exercise.name, submission, one.functions).verdicts
            yield one, next((verdict for verdict in verdicts if not verdict.passed), None)


def tell(names: Sequence[str], sandboxes: Sequence[str], timeout: float) -> int:
    """Print which honest answers fail; of those of some names, or of all."""
    failed = 0
    for sandbox in sandboxes:
        graded = 0
        answers = (one for one in honest_answers() if not names or one.name in names)  # after the workers' start
        for one, verdict in false_fails(answers, sandbox, timeout):
            graded += 1
            if verdict is not None:
                failed += 1
                print(f"{sandbox:6} {one.exercise.name} {one.name}: {verdict.status}, {verdict.message}", flush=True)
        print(f"{graded} honest answers with the sandbox {sandbox}; {failed} of all failed")
    return 1 if failed else 0


def main() -> int:
    """Print which right answers fail."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which answers; all by default")
    parser.add_argument("--sandbox", choices=SANDBOXES, help="both by default")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds that one function may take")
    chosen = parser.parse_args()
    return tell(chosen.names, [chosen.sandbox] if chosen.sandbox else SANDBOXES, chosen.timeout)


if __name__ == "__main__":
    sys.exit(main())
