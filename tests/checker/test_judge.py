"""The judge: what it asks, which verdict it gives, and which of many failures it tells, in how small a case."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from checker.draw import Case
from checker.judge import _asked, judge
from checker.observation import Array, Raised, Tree, identical, plain
from checker.sandbox import Lost
from checker.verdict import Verdict
from tests.checker.asking import Answer, Here, asking, key_of, mistake, verdict

NUMBER = "check('f', n=integer(0, 10**6), hints=['a', 'b'])"
VECTOR = "check('f', x=tensor('N'))"
ONLY_AGREES = "check('f', n=integer(0, 10**6), without=[any_size, pure])"


class Scripted(Here):
    """A worker that says what a test wants to the question of a number, and is right where that is None."""

    def __init__(self, *arguments: Any, script: Callable[[int, str, Case], Tree]) -> None:
        super().__init__(*arguments)
        self.script, self.numbers = script, count()

    def ask_all(self, questions: Iterable[tuple[str, Case]], *, deadline: float) -> Iterator[Tree]:
        for law, case in questions:
            self.asked.append((law, case))
            said = self.script(next(self.numbers), law, case)
            yield self.seen(self.laws[law], case) if said is None else said


def scripted(
    checks: str, right: Answer, script: Callable[[int, str, Case], Tree], *, shrink: bool = True
) -> tuple[Verdict, Scripted]:
    key = key_of(checks, right)
    worker = Scripted(key, key.checks["f"], SimpleNamespace(f=right), script=script)
    return judge(asking(key, worker), shrink=shrink), worker


def lose(status: Any = "timeout") -> Tree:
    raise Lost(status, "was lost")


# The verdict


def test_a_right_answer_passes_with_nothing_to_tell():
    found = verdict(NUMBER, lambda n: n + 1, lambda n: 1 + n)
    assert found == Verdict("f", "passed", "", hints=2)
    assert found.passed


def test_every_law_is_asked_in_its_order_but_what_pure_sees_for_agrees_comes_first():
    _, worker = scripted(VECTOR, torch.neg, lambda number, law, case: None)
    assert [law for law, _ in worker.asked[:6]] == ["pure"] * 3 + ["agrees"] * 3
    assert list(dict.fromkeys(law for law, _ in worker.asked)) == [
        "pure", "agrees", "keeps_dtype", "any_size", "any_layout",
    ]  # fmt: skip


def test_agrees_has_what_pure_saw_as_if_it_had_asked_itself():
    key = key_of(VECTOR, torch.neg)
    agrees, pure = key.checks["f"].laws[0], key.checks["f"].laws[-1]
    cases = key.cases(key.checks["f"], agrees, 0)
    one = asking(key, Here(key, key.checks["f"], SimpleNamespace(f=lambda x: -x.double())))
    alone = list(one.ask(agrees, cases))
    asked = [list(items) for items in _asked(one)]
    assert [item.law.name for item in asked[0]] == ["agrees"] * 6
    assert [item.case for item in asked[0]] == [item.case for item in alone]
    for item, by_itself in zip(asked[0], alone, strict=True):
        assert identical(item.got, by_itself.got)
        assert identical(item.expected, by_itself.expected)
    assert [item.law for item in asked[-1]] == [pure] * 3
    assert [item.case for item in asked[-1]] == cases[:3]


def test_what_only_a_second_call_raises_is_no_matter_of_the_first():
    calls: list[int] = []

    def answer(x: torch.Tensor) -> torch.Tensor:
        calls.append(0)
        if len(calls) % 2 == 0:
            raise RuntimeError("worn out")
        return -x

    found = verdict("check('f', x=tensor('N'), without=[keeps_dtype, any_size, any_layout])", torch.neg, answer)
    # `agrees` asks three times by itself: the second of these raises, and is told first
    assert [failure.law for failure in found.failures] == ["agrees", "pure"]
    assert "`f`, the same call again raised RuntimeError: worn out" in found.failures[1].message


def test_a_stub_is_to_do():
    stub = Raised("NotImplementedError", "", innermost_is_own=True)
    assert scripted(NUMBER, lambda n: n, lambda *_: stub)[0] == Verdict("f", "todo", "still to write", hints=2)
    partly = scripted(NUMBER, lambda n: n, lambda number, law, case: stub if number > 3 else None)[0]
    assert partly.status == "todo"


def test_what_torch_has_not_implemented_is_no_stub():
    of_torch = Raised("NotImplementedError", "no kernel", ((3, "f", "return torch.special(n)"),))
    found, _ = scripted(NUMBER, lambda n: n, lambda *_: of_torch)
    assert found.status == "error"
    assert found.message == "`f` raised NotImplementedError: no kernel."


def test_an_exception_is_told_with_the_students_own_lines():
    lines = ((3, "f", "return g(n)"), (6, "g", "return n / 0"))
    found, _ = scripted(NUMBER, lambda n: n, lambda *_: Raised("ZeroDivisionError", "division by zero", lines))
    assert found.status == "error"
    assert found.traceback == (
        "  line 3, in f\n    return g(n)\n"
        "  line 6, in g\n    return n / 0\n"
        "ZeroDivisionError: division by zero"
    )  # fmt: skip


def test_a_wrong_value_has_no_traceback():
    found = verdict(NUMBER, lambda n: n, lambda n: n + 1)
    assert (found.status, found.traceback, found.hints) == ("failed", None, 2)


def test_a_right_answer_may_be_an_exception():
    def right(n: int) -> int:
        raise ValueError("no")

    assert scripted(ONLY_AGREES, right, lambda *_: Raised("ValueError", "in other words"))[0].passed
    assert scripted(ONLY_AGREES, right, lambda *_: Raised("KeyError", "no"))[0].status == "error"
    assert scripted(ONLY_AGREES, right, lambda *_: 3)[0].status == "failed"


# Which failure is told


def test_failures_come_in_the_order_of_the_laws_and_the_first_is_the_message():
    said: dict[str, Tree] = {
        "agrees": [],
        "keeps_dtype": Raised("ValueError", "no"),
        "any_size": plain(torch.zeros(3, 3)),
        "pure": {},
    }
    found, _ = scripted(VECTOR, torch.neg, lambda number, law, case: said.get(law))
    assert [failure.law for failure in found.failures] == list(said)
    assert found.status == "failed"
    assert found.message == found.failures[0].message


def test_where_nothing_is_explained_the_first_law_that_fails_ends_it():
    key = key_of(VECTOR, torch.neg)
    worker = Here(key, key.checks["f"], SimpleNamespace(f=lambda x: x))
    found = judge(asking(key, worker), shrink=False, explain=False)
    assert [failure.law for failure in found.failures] == ["agrees"]
    assert {law for law, _ in worker.asked} == {"agrees", "pure"}
    assert len(worker.asked) == 6


def test_within_a_law_the_difference_that_explains_most_is_told():
    def script(number: int, law: str, case: Case) -> Tree:
        wrong = {1: torch.zeros(9), 3: torch.zeros(9, dtype=torch.float64), 4: torch.zeros(3, 3)}
        return plain(wrong[number]) if number in wrong else None

    nine = "check('f', n=integer(1, 10**6), without=[any_size, pure])"
    found, _ = scripted(nine, lambda n: torch.full((9,), float(n)), script, shrink=False)
    assert [failure.message for failure in found.failures] == ["`f` has shape [3, 3], where shape [9] is right."]


def test_the_same_failure_is_told_once_however_many_laws_it_breaks():
    found = verdict(VECTOR, torch.neg, lambda x: x)
    assert [failure.law for failure in found.failures] == ["agrees"]


def test_failures_in_different_places_are_told_apart():
    pair = "check('f', x=tensor('N'), without=[any_size, any_layout, pure])"
    right = lambda x: (x, x)  # noqa: E731
    found = verdict(pair, right, lambda x: (x, 2 * x) if x.dtype is torch.float32 else (2 * x, x))
    assert [failure.law for failure in found.failures] == ["agrees", "keeps_dtype"]
    assert [failure.message[:11] for failure in found.failures] == ["`f`, item 1", "`f`, item 0"]


def test_a_small_answer_is_judged_by_its_own_scale_and_that_of_its_inputs():
    small = "check('f', x=tensor('N', low=0, high=1))"
    assert verdict(small, lambda x: 1e-3 * x, lambda x: 0 * x).status == "failed"
    assert verdict(small, lambda x: x - x, lambda x: 1e-4 * x).status == "failed"
    assert verdict("check('f', x=tensor('N'), without=[keeps_dtype])", lambda x: x - x, lambda x: 1e-7 * x).passed


# The counterexample


@pytest.mark.parametrize("bound", [0, 1, 10, 1234])
def test_the_smallest_input_that_shows_it_is_told(bound: int):
    found = verdict(ONLY_AGREES, lambda n: n, lambda n: n + (n >= bound), shrink=True)
    assert found.failures[0].counterexample == f"from mine import f\nn = {bound}\nf(n)"
    assert (found.failures[0].expected, found.failures[0].got) == (f"{bound}", f"{bound + 1}")


def test_a_smaller_input_must_show_the_same_aspect():
    def answer(x: torch.Tensor) -> torch.Tensor:
        return x[None] if (x != 0).all() else x + 1

    found = verdict("check('f', x=tensor('N', low=0, high=4))", lambda x: 1 * x, answer, shrink=True)
    assert found.message == "`f` has shape [1, 2], where shape [2] is right."
    assert found.failures[0].counterexample == (
        "import torch\nfrom mine import f\nx = torch.tensor([1.0, 1.0])\nf(x)"
    )  # fmt: skip


def test_a_stub_inside_a_branch_does_not_hide_a_failure_that_was_found():
    stub = Raised("NotImplementedError", "", innermost_is_own=True)
    _, asked_of_right = scripted(ONLY_AGREES, lambda n: n, lambda *_: None)

    def script(number: int, law: str, case: Case) -> Tree:
        return -1 if number < len(asked_of_right.asked) else stub

    assert scripted(ONLY_AGREES, lambda n: n, script)[0].status == "failed"


@pytest.mark.parametrize("period", [2, 3, 4])
def test_a_function_with_a_memory_gets_a_verdict(period: int):
    calls = count()
    found = verdict(NUMBER, lambda n: n, lambda n: n + (next(calls) % period == 1), shrink=True)
    assert found.status == "failed"
    assert found.failures[0].got is not None


# A worker that is lost


@pytest.mark.parametrize("status", ["timeout", "crashed"])
@pytest.mark.parametrize("number", [0, 3, 8])
def test_a_worker_that_is_lost_is_told_with_the_call_that_did_it(status: str, number: int):
    remedy = "; --timeout SECONDS gives it more time" if status == "timeout" else ""
    found, worker = scripted(NUMBER, lambda n: n, lambda at, law, case: lose(status) if at == number else None)
    law, (n,) = worker.asked[number]
    assert len(worker.asked) == number + 1
    assert (found.status, found.message, found.hints) == (
        status,
        f"`f` was lost. The call below is the first without an answer{remedy}.",
        2,
    )
    assert [failure.law for failure in found.failures] == ["agrees" if number < 6 else law]
    assert f"n = {n}\n" in (found.failures[0].counterexample or "")


def test_what_was_wrong_before_the_worker_was_lost_is_told_rather():
    found, worker = scripted(NUMBER, lambda n: n, lambda at, law, case: lose() if at == 5 else -1)
    assert (found.status, found.message) == ("failed", "`f` is -1, not 0.")
    assert len(worker.asked) == 6


def test_shrinking_stops_when_the_worker_is_lost():
    def answer(number: int, law: str, case: Case) -> Tree:
        if number == 12:
            lose()
        return case[0] + 1 if case[0] >= 3 else None

    found, worker = scripted(ONLY_AGREES, lambda n: n, answer)
    assert found.status == "failed"
    assert len(worker.asked) == 13
    assert found.failures[0].counterexample is not None


def test_nothing_is_named_from_what_a_lost_worker_said():
    key = key_of(NUMBER, lambda n: n, mistake("one_more", lambda n: n + 1))
    lost_later = Scripted(
        key,
        key.checks["f"],
        SimpleNamespace(f=lambda n: n + 1),
        script=lambda at, law, case: lose() if at == 8 else None,
    )
    assert judge(asking(key, lost_later)).misconception is None
    kept = Here(key, key.checks["f"], SimpleNamespace(f=lambda n: n + 1))
    assert judge(asking(key, kept)).misconception == "one_more"


# Predicates


POSITIVE = (
    "def positive(result, n):\n"
    "    'is positive'\n"
    "    return None if result > 0 else f'{result} for {n}'\n\n"
    "check('f', n=integer(1, 9), values=False, laws=[satisfies(positive)])"
)


def test_a_predicate_judges_what_it_is_given():
    assert verdict(POSITIVE, lambda n: 1.0, lambda n: 2.0).passed
    found = verdict(POSITIVE, lambda n: 1.0, lambda n: -2.0, shrink=True)
    assert found.failures[0].law == "positive"
    assert found.message == "`f`: -2.0 for 1. A right answer is positive."


def test_a_predicate_is_spared_what_no_right_answer_is():
    found = verdict(POSITIVE, lambda n: 1.0, lambda n: None)
    assert (found.status, found.message) == ("failed", "`f` is None, where a number is right.")
    alone = POSITIVE.replace("laws=", "without=[agrees, any_size, pure], laws=")
    assert verdict(alone, lambda n: 1.0, lambda n: None).failures[0].law == "positive"


def test_an_exception_where_a_predicate_would_judge_is_an_error():
    found, _ = scripted(POSITIVE, lambda n: 1.0, lambda *_: Raised("ValueError", "no"))
    assert (found.status, found.message) == ("error", "`f` raised ValueError: no.")


def test_two_draws_of_one_mistake_may_differ_in_their_figures():
    key = key_of(POSITIVE, lambda n: 1.0, mistake("below", lambda n: -2.0 * n), mistake("none", lambda n: None))
    other = Here(key, key.checks["f"], SimpleNamespace(f=lambda n: -3.5 * n))
    assert judge(asking(key, other)).misconception == "below"
    worded = POSITIVE.replace("f'{result} for {n}'", "f'{result} is odd' if result % 2 else 'it is even'")
    key = key_of(worded, lambda n: 1.0, mistake("below", lambda n: -2.0 * n))
    assert judge(asking(key, Here(key, key.checks["f"], SimpleNamespace(f=lambda n: -3.0)))).misconception is None


# What is said of a pass, and of a function that waits for another


def test_a_pass_that_was_watched_on_a_stand_in_says_so():
    checks = "check('f', n=integer(0, 9), on_stand_in='moving there')"
    assert verdict(checks, lambda n: n, lambda n: n).message == "watched on a stand-in for a GPU: moving there"
    assert verdict(NUMBER, lambda n: n, lambda n: n).message == ""


def test_a_function_that_calls_an_unwritten_one_waits_for_it():
    def unwritten_in(function: str) -> Raised:
        return Raised("NotImplementedError", "", ((7, "f", "return g()"), (3, function, "raise")), True)

    checks = NUMBER + "\ncheck('g', n=integer(0, 9))"
    for function, message in (
        ("g", "waits for `g`, which is still to write"),
        ("f", "still to write"),
        ("helper", "still to write"),
    ):
        found, _ = scripted(checks, lambda n: n, lambda *_, function=function: unwritten_in(function))
        assert (found.status, found.message) == ("todo", message)


def test_an_answer_on_another_device_is_told_as_that():
    right = lambda x: x + 1  # noqa: E731
    elsewhere = lambda at, law, case: Array(case[0].data + 1, device="cuda:0")  # noqa: E731
    found, _ = scripted("check('f', x=tensor('N'))", right, elsewhere)
    assert found.failures[0].law == "keeps_device"
    assert found.message == "`f` is on cuda:0, where cpu is right."
