"""What an instructor wrote for one exercise, read into memory: the right answers, the checks, the known mistakes.

Only the judge reads it. The worker gets the text of `checks.py`, which holds no answer.
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from checker import draw, global_state, spec
from checker.draw import Case
from checker.law import Law, Situation
from checker.lean_torch import postpone_compiler
from checker.observation import Raised, Tree, live, plain
from checker.spec import Check, Equivalent, Variant


@dataclass(frozen=True)
class AnswerKey:
    """One exercise as its instructor wrote it."""

    folder: Path
    solution: ModuleType
    checks: Mapping[str, Check]
    checks_source: str
    functions: Mapping[str, Any]
    """The globals of `checks.py`, where inputs and trials find their functions."""

    @cached_property
    def misconceptions(self) -> list[Variant]:
        """The known mistakes, in the order of the file."""
        return [item for item in self._declared("misconceptions.py") if isinstance(item, Variant)]

    @cached_property
    def alternatives(self) -> list[Variant]:
        """The right answers in other forms, in the order of the file."""
        return [item for item in self._declared("alternatives.py") if isinstance(item, Variant)]

    @property
    def equivalents(self) -> list[Equivalent]:
        """The mutants of the solution that are right as well, in the order of the file."""
        return [item for item in self._declared("alternatives.py") if isinstance(item, Equivalent)]

    def _declared(self, name: str) -> list[Any]:
        path = self.folder / name
        return spec.declarations(path.read_text("utf-8"), str(path))[0] if path.exists() else []

    def cases(self, check: Check, law: Law, seed: int, *, more: int = 0) -> list[Case]:
        """Give the cases that a law is tried on; see `draw.cases`."""
        found: list[Case] = []
        for situation in law.situations:
            name = (check.name, replace(situation, count=0), seed, more)
            if name not in self._cases:
                self._remember(name, draw.alike(check, situation, seed, self.functions, more=more))
            found += self._cases[name][: more or situation.count]
        return found

    def with_cases(
        self, checks: Mapping[str, Check], cases: Mapping[tuple[str, Situation, int, int], list[Case]]
    ) -> AnswerKey:
        """Give the same key with these checks only, and with cases that need not be drawn.

        Args:
            checks: some of the key's, or parts of them.
            cases: by the check's name, the situation without its count, the seed, and how many more are wanted.
        """
        key = replace(self, checks=checks)
        for name, some in cases.items():
            key._remember(name, some)
        return key

    def _remember(self, name: tuple[str, Situation, int, int], cases: list[Case]) -> None:
        self._cases[name] = cases
        self._own.update(map(id, cases))

    def right_answer(self, law: Law, case: Case, device: str) -> Tree:
        """Give what a law's trial sees of the solution."""
        return self.seen(self.solution, law, case, device)

    def known_answer(self, known: Variant, law: Law, case: Case, device: str) -> Tree:
        """Give what a law's trial sees of a known mistake."""
        return self.seen(self.with_variant(known), law, case, device)

    def seen(self, answer: Any, law: Law, case: Case, device: str) -> Tree:
        """Give what `observe` does, and run the trial on a case of the key's own only the first time that it is asked.

        Each answer in a class is compared with it on the same cases. Those that a counterexample shrinks through are
        anybody's, and come but once.
        """
        if id(case) not in self._own:
            return self.observe(answer, law, case, device)
        name = (id(answer), law, id(case), device)
        if name not in self._seen:
            tree = self.observe(answer, law, case, device)
            self._seen[name] = answer, tree  # the answer too, so that its id stays its own
        return self._seen[name][1]

    def with_variant(self, variant: Variant) -> SimpleNamespace:
        """Give the solution with one function replaced, and those that go with it."""
        name = (variant.function, variant.slug, id(variant))
        if name not in self._answers:
            self._answers[name] = SimpleNamespace(**{**vars(self.solution), **variant.answers})
        return self._answers[name]

    @cached_property
    def _cases(self) -> dict[tuple[str, Situation, int, int], list[Case]]:
        return {}

    @cached_property
    def _own(self) -> set[int]:
        """The ids of the cases in `_cases`."""
        return set()

    @cached_property
    def _seen(self) -> dict[tuple[int, Law, int, str], tuple[Any, Tree]]:
        return {}

    @cached_property
    def _answers(self) -> dict[tuple[str, str, int], SimpleNamespace]:
        return {}

    def observe(self, answer: Any, law: Law, case: Case, device: str) -> Tree:
        """Run a law's trial on a trusted answer, as a worker does; what it raises is an observation too."""
        try:
            with global_state.settled():
                return plain(law.trial(answer, *live(case, self.functions, device)))
        except Exception as error:
            return Raised(type(error).__qualname__, str(error))


def load(folder: Path) -> AnswerKey:
    """Read the answer key of an exercise.

    Args:
        folder: `solutions/exerciseN_topic`.

    Raises:
        OSError: a file is missing.
    """
    postpone_compiler()
    path = folder / "checks.py"
    source = path.read_text("utf-8")
    checks, functions = spec.collect(source, str(path))
    return AnswerKey(folder, _import(folder / "solution.py"), checks, source, functions)


def _import(path: Path) -> ModuleType:
    source = path.read_text("utf-8")
    module = ModuleType(f"{path.parent.name}_{path.stem}")
    module.__file__ = str(path)
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
    return module
