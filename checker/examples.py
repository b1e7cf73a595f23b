"""A student's examples, held against every right answer and every known mistake.

An example that a right answer does not keep is a misunderstanding of the task, found before a line of code was written.
A mistake that keeps all examples shows what they leave open.

The examples are a student's code, so they run as that does: in a worker, with a deadline. The file under test is the
file of examples; the answers stand in the text of checks that the worker gets. What the examples print there is thrown
away, and of a known mistake nothing comes back but whether it was caught: nobody learns an answer from this by
accident.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from checker.agreement import Aspect, Standard, difference, side_by_side
from checker.course import CourseError, Exercise, nearest
from checker.literal import literal
from checker.observation import Array, Raised
from checker.sandbox import Job, Lost, Worker, Workers
from checker.spec import Tolerance
from checker.wording import traceback_text

if TYPE_CHECKING:
    from checker.answer_key import AnswerKey
    from checker.observation import Tree
    from checker.validate import Expectation

FOUR_DIGITS = Tolerance(1e-4, absolute=1e-4)
"""As many as torch prints, and as one works out by hand."""

STANDARD = Standard(
    dict.fromkeys((torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64), FOUR_DIGITS)
)

OTHERWISE = {
    Aspect.RAISED: "raises something here",
    Aspect.KIND: "is of another kind",
    Aspect.STRUCTURE: "has other parts",
    Aspect.SHAPE: "has another shape",
    Aspect.DTYPE: "has another dtype",
    Aspect.VALUES: "has other values",
}
"""In which respect an example is not what a right answer gives."""

SEEN_IN_RESULTS = ("agrees", "keeps_dtype", "any_size", "any_layout")
"""Laws about nothing but what a call gives."""

CHECKS = """
from functools import cache

from checker import student_file
from checker.observation import Raised
from checker.sample import KEPT_AS
from checker.spec import check, integer, seen_by

SOURCES = {sources!r}


@cache
def answers(which):
    return student_file.execute(SOURCES[which], f"answer{{which}}.py")


def gives(answer, which, place):
    return vars(answer)[KEPT_AS][place].run(answers(which))


def said(answer, which, place):
    one = vars(answer)[KEPT_AS][place]
    return one.gives if one.raises is None else Raised(one.raises.__qualname__, "")


def written(answer, which, place):
    return [(str(one.function), one.line) for one in vars(answer).get(KEPT_AS, [])]


check("examples", which=integer(0, 1), place=integer(0, 1), trial=gives, laws=[seen_by(said), seen_by(written)])
"""


class ExamplesError(Exception):
    """The file of examples cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Misunderstood:
    """An example that a right answer does not keep."""

    line: int
    text: str
    """As it stands in the file."""
    message: str
    said: str
    given: str


@dataclass(frozen=True)
class Tried:
    """What became of the examples of one function."""

    function: str
    examples: int
    misunderstood: tuple[Misunderstood, ...] = ()
    caught: tuple[str, ...] = ()
    """Mistakes that at least one valid example notices."""
    missed: tuple[str, ...] = ()
    beyond: int = 0
    """Mistakes that no result shows: they need memory, change an argument, and the like."""

    @property
    def valid(self) -> int:
        """How many examples every right answer keeps."""
        return self.examples - len(self.misunderstood)

    @property
    def holds(self) -> bool:
        """Whether all examples are valid, and all mistakes caught that they could catch."""
        return not self.misunderstood and not self.missed


@dataclass(frozen=True)
class Examples:
    """A student's file of examples, and what asks it."""

    workers: Workers
    exercise: Exercise
    file: Path
    root: Path
    """The course's folder, from which the examples may import."""
    key: AnswerKey
    timeout: float

    def rehearse(
        self, functions: Sequence[str] | None = None, on_tried: Callable[[Tried], None] | None = None
    ) -> list[Tried]:
        """Hold the examples of functions against all that is known of them.

        Args:
            functions: which ones; all by default.
            on_tried: told of each function as soon as it is known.

        Raises:
            ExamplesError: the file cannot be run, or is about something else.
        """
        written = self._written()
        found: list[Tried] = []
        for function in functions or self.exercise.functions:
            found.append(
                self._try(function, {place: line for place, (name, line) in written.items() if name == function})
            )
            if on_tried is not None:
                on_tried(found[-1])
        return found

    def _written(self) -> dict[int, tuple[str, int]]:
        """The function and the line of each example, by its place in the file."""
        file = self.file.name
        try:
            with self._worker([]) as worker:
                if worker.loaded.problem is not None:
                    raise ExamplesError(f"{file} cannot be run:\n{traceback_text(worker.loaded.problem)}")
                written: Any = worker.ask("written", (0, 0), deadline=self._deadline())
        except Lost as lost:
            raise ExamplesError(f"Importing {file} {lost.message}: keep examples small.") from lost
        for name, line in written:
            try:
                self.exercise.function(name)
            except CourseError:
                near = nearest(name, self.exercise.functions)
                raise ExamplesError(
                    f"{file}, line {line}: {self.exercise.name} has no function {name!r}{near}"
                ) from None
        return dict(enumerate(written))

    def _try(self, function: str, lines: dict[int, int]) -> Tried:
        from checker.validate import expectations

        known = [one for one in expectations(self.exercise, self.key) if one.function == function]
        right = [one for one in known if one.status == "passed" and "senseless" not in one.label]
        misunderstood: dict[int, Misunderstood] = {}
        for one, place, said, given in self._answers(right, list(lines)):
            wrong = _misunderstood(one, said, given)
            if wrong is not None and place not in misunderstood:
                misunderstood[place] = Misunderstood(lines[place], self._text(lines[place]), *wrong)
        mistakes = [one for one in known if one.slug is not None]
        valid = [place for place in lines if place not in misunderstood]
        caught = {one.slug for one, _, said, given in self._answers(mistakes, valid) if _differs(said, given)}
        missed = [one for one in mistakes if one.slug not in caught and self._shows(one)]
        return Tried(
            function,
            len(lines),
            tuple(misunderstood[place] for place in sorted(misunderstood)),
            tuple(one.slug for one in mistakes if one.slug is not None and one.slug in caught),
            tuple(one.slug for one in missed if one.slug is not None),
            len(mistakes) - len(caught) - len(missed),
        )

    def _answers(
        self, known: Sequence[Expectation], places: Sequence[int]
    ) -> Iterator[tuple[Expectation, int, Tree, Tree | Lost]]:
        """Give what each example says and what each answer gives; where a worker is lost, how it ended."""
        waiting = [(which, place) for which in range(len(known)) for place in places]
        while waiting:
            said: Tree = None
            try:
                with self._worker([one.source for one in known]) as worker:
                    while waiting:
                        said = worker.ask("said", waiting[0], deadline=self._deadline())
                        given = worker.ask("agrees", waiting[0], deadline=self._deadline())
                        which, place = waiting.pop(0)
                        yield known[which], place, said, given
            except Lost as lost:
                which, place = waiting.pop(0)
                yield known[which], place, said, lost

    def _shows(self, one: Expectation) -> bool:
        """Whether any drawn call gives another result than the right one."""
        check = self.key.checks[one.function]
        for law in check.laws:
            if law.name in SEEN_IN_RESULTS:
                for case in self.key.cases(check, law, 0):
                    right = self.key.right_answer(law, case, "cpu")
                    if difference(right, self.key.seen(one.answer, law, case, "cpu"), STANDARD) is not None:
                        return True
        return False

    def _worker(self, sources: Sequence[str]) -> Worker:
        source, checks = self.file.read_text("utf-8", "replace"), CHECKS.format(sources=list(sources))
        job = Job(source, str(self.file), str(self.root), checks, "examples", (), "cpu")
        return self.workers.worker(job, deadline=self._deadline())

    def _deadline(self) -> float:
        return time.monotonic() + self.timeout

    def _text(self, line: int) -> str:
        """The statement that says an example."""
        text = self.file.read_text("utf-8", "replace")
        found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt) and node.lineno <= line]
        inner = max((node for node in found if line <= (node.end_lineno or 0)), key=lambda node: node.lineno)
        return ast.get_source_segment(text, inner) or ""


def _differs(said: Tree, given: Tree | Lost) -> bool:
    return isinstance(given, Lost) or difference(said, given, STANDARD) is not None


def _misunderstood(one: Expectation, said: Tree, given: Tree | Lost) -> tuple[str, str, str] | None:
    """What is wrong with an example: a sentence, what it says, and what a right answer gives; None where it holds."""
    if isinstance(given, Lost):
        return f"The call {given.message}: a right answer needs a smaller one.", literal(said, digits=6), "nothing"
    found = difference(said, given, STANDARD)
    if found is None:
        return None
    told = f"A right answer {OTHERWISE.get(found.aspect, 'gives something else')}."
    if one.label != "the solution":
        told = "One right answer gives this, another one does not: the task leaves it open."
    return told, *_told(said, given)


def _told(said: Tree, given: Tree) -> tuple[str, str]:
    texts = [f"raises {literal(tree)}" if isinstance(tree, Raised) else "" for tree in (said, given)]
    if not any(texts) and isinstance(said, Array) and isinstance(given, Array) and said.data.dtype != given.data.dtype:
        return _with_dtype(said), _with_dtype(given)
    shown = side_by_side(said, given)
    return texts[0] or shown[0], texts[1] or shown[1]


def _with_dtype(array: Array) -> str:
    text = literal(array, digits=6)
    return text if "dtype=" in text else f"{text}, {array.data.dtype}"
