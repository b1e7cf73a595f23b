"""A mistake is named on evidence only: on every answer, three of which tell it apart from the solution."""

from types import SimpleNamespace

import pytest
import torch

from checker import diagnose
from checker.diagnose import Evidence, Suspect
from checker.law import Law
from checker.spec import Variant
from tests.checker.asking import Answer, mistake, verdict

LAW = Law("agrees", "", lambda answer, x: answer.f(x), (), "f(x)")
NUMBER = "check('f', n=integer(0, 100))"
VECTOR = "check('f', x=tensor('N'))"


def evidence(right: Answer, answer: Answer, numbers: range) -> list[Evidence]:
    return [Evidence(LAW, (n,), right(n), answer(n)) for n in numbers]


def suspects(known: list[Variant], found: list[Evidence]) -> list[Suspect]:
    def observe(variant: Variant, law: Law, case: tuple[int, ...]) -> int:
        return law.trial(SimpleNamespace(f=variant.answer), *case)

    return list(diagnose.suspects(known, found, observe, lambda item, one, other: one == other))


def right(n: int) -> int:
    return 2 * n


def squared(n: int) -> int:
    return n * n


def test_a_mistake_that_answers_all_alike_is_suspected_with_its_telling_answers_counted():
    known = mistake("squared", squared)
    assert suspects([known], evidence(right, squared, range(6))) == [Suspect(known, 4)]  # 0 and 2 are as in 2 * n


def test_the_same_input_counts_once_however_often_it_is_asked():
    known = mistake("squared", squared)
    assert suspects([known], evidence(right, squared, range(6)) * 3) == [Suspect(known, 4)]


@pytest.mark.parametrize("place", range(5))
def test_one_answer_that_differs_clears_it(place: int):
    found = evidence(right, lambda n: n * n + (n == place), range(5))
    assert suspects([mistake("squared", squared)], found) == []


def test_suspects_come_in_their_order():
    first, second, third = mistake("a", squared), mistake("b", right), mistake("c", lambda n: n**2)
    assert [one.known for one in suspects([first, second, third], evidence(right, squared, range(5)))] == [first, third]


def test_a_mistake_is_not_run_on_further_questions_once_it_is_cleared():
    asked: list[int] = []

    def f(n: int) -> int:
        asked.append(n)
        return -1

    suspects([mistake("f", f)], evidence(right, squared, range(5)))
    assert asked == [0]


def named(checks: str, right: Answer, answer: Answer, *mistakes: Variant) -> str | None:
    found = verdict(checks, right, answer, *mistakes)
    assert not found.passed
    assert found.advice == (found.misconception and f"This is {found.misconception}.")
    return found.misconception


def test_a_known_mistake_is_named_with_its_advice():
    assert named(VECTOR, torch.neg, torch.abs, mistake("identity", lambda x: x), mistake("absolute", abs)) == "absolute"


def test_an_unknown_mistake_is_not_named():
    assert named(VECTOR, torch.neg, torch.sign, mistake("identity", lambda x: x), mistake("absolute", abs)) is None


def test_nothing_is_named_where_the_answer_differs_from_the_mistake_once():
    almost = lambda n: 0 if n == 0 else n + 7  # noqa: E731 (zero is always tried)
    assert named(NUMBER, right, almost, mistake("seven_more", lambda n: n + 7)) is None
    assert named(NUMBER, right, lambda n: n + 7, mistake("seven_more", lambda n: n + 7)) == "seven_more"


def test_of_two_mistakes_that_answer_alike_the_first_is_named():
    one, another = mistake("one", lambda n: n + 7), mistake("another", lambda n: 7 + n)
    assert named(NUMBER, right, lambda n: n + 7, one, another) == "one"
    assert named(NUMBER, right, lambda n: n + 7, another, one) == "another"


def test_a_mistake_of_another_function_is_not_named():
    elsewhere = mistake("elsewhere", lambda n: n + 7, function="g")
    assert named(NUMBER, right, lambda n: n + 7, elsewhere) is None


@pytest.mark.parametrize("telling", range(1, 6))
def test_fewer_than_three_telling_answers_are_not_enough(telling: int):
    rare = "check('f', n=integer(0, 10**9), without=[any_size, pure])"
    asked: list[int] = []
    assert verdict(rare, right, lambda n: asked.append(n) or right(n)).passed
    tellers = set(asked[1:][:telling])  # the first is the simplest, which any further draw begins with too
    assert len(tellers) == telling

    def wrong(n: int) -> int:
        return right(n) + (n in tellers)

    assert named(rare, right, wrong, mistake("wrong", wrong)) == (None if telling < 3 else "wrong")


def test_of_a_function_without_arguments_its_only_answer_is_evidence_enough():
    constant = "check('f')"
    assert named(constant, lambda: 1.5, lambda: 2.5, mistake("one_more", lambda: 2.5)) == "one_more"
    assert named(constant, lambda: 1.5, lambda: 3.5, mistake("one_more", lambda: 2.5)) is None


def test_rare_situations_are_sought_out_for_a_suspect():
    """Only where both sizes are equal does the answer part with the solution: few of the first cases are so."""
    square = "check('f', x=tensor('N D'))"
    turned = lambda x: x.mT if x.shape[0] == x.shape[1] else x  # noqa: E731
    assert named(square, lambda x: 1 * x, turned, mistake("turned_when_square", turned)) == "turned_when_square"


def test_a_mistake_that_raises_is_known_by_its_exception():
    def divides(n: int) -> float:
        return n / 0

    def looks_up(n: int) -> int:
        return {}[n]

    assert named(NUMBER, right, divides, mistake("a_key", looks_up), mistake("by_zero", divides)) == "by_zero"
