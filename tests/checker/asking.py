"""One function of one exercise, asked in this process: a check as text, a right answer, an answer under test."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from checker.answer_key import AnswerKey
from checker.draw import Case
from checker.judge import Asking, judge
from checker.law import Law
from checker.observation import Tree
from checker.spec import Check, Variant, collect
from checker.verdict import Verdict

Answer = Callable[..., Any]
HEAD = "import torch\nfrom checker.spec import *\n"


class Here:
    """Answers in this process, as a worker would in its own, and keeps what it was asked."""

    def __init__(self, key: AnswerKey, check: Check, answer: object) -> None:
        self.key, self.answer = key, answer
        self.laws = {law.name: law for law in check.laws}
        self.asked: list[tuple[str, Case]] = []

    def ask_all(self, questions: Iterable[tuple[str, Case]], *, deadline: float) -> Iterator[Tree]:
        for law, case in questions:
            self.asked.append((law, case))
            yield self.seen(self.laws[law], case)

    def seen(self, law: Law, case: Case) -> Tree:
        return self.key.observe(self.answer, law, case, "cpu")


def key_of(checks: str, right: Answer, *mistakes: Variant) -> AnswerKey:
    """Give the answer key of an exercise whose only function is `f`."""
    found, functions = collect(HEAD + checks, "checks.py")
    key = AnswerKey(Path("nowhere"), SimpleNamespace(f=right), found, HEAD + checks, functions)  # type: ignore[arg-type]
    vars(key)["misconceptions"] = list(mistakes)
    return key


def mistake(slug: str, answer: Answer, function: str = "f") -> Variant:
    return Variant(function, slug, answer, f"This is {slug}.")


def asking(key: AnswerKey, worker: Any, *, seed: int = 0) -> Asking:
    return Asking(key, key.checks["f"], worker, "mine", "cpu", seed, float("inf"))


def verdict(checks: str, right: Answer, answer: Answer, *mistakes: Variant, shrink: bool = False) -> Verdict:
    """Give the verdict on an answer for `f`."""
    key = key_of(checks, right, *mistakes)
    return judge(asking(key, Here(key, key.checks["f"], SimpleNamespace(f=answer))), shrink=shrink)
