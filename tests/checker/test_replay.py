"""Tokens: they come back as they were, no change of them goes unnoticed, and their case is the very same again."""

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from checker import answer_key, course, draw, replay
from checker.answer_key import AnswerKey
from checker.draw import Drawn
from checker.judge import Asking, judge
from checker.observation import identical
from checker.replay import DIGITS, Replay, ReplayError
from checker.validate import Performer
from checker.verdict import Report, Verdict
from tests.checker.asking import Here, asking, key_of

EXERCISES = [
    pytest.param(each, id=each.name, marks=[] if each.number in (1, 3) else pytest.mark.slow)
    for each in course.packaged().exercises
]

names = st.from_regex(r"[a-z_]\w*", fullmatch=True)
replays = st.builds(
    Replay,
    st.integers(1, 99).map(str),
    names,
    names,
    st.integers(),
    st.booleans(),
    st.integers(0, 2**24 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 255),
    st.binary(max_size=200).map(lambda choices: choices.rstrip(b"\0")),
)


@given(replays)
def test_a_token_says_what_it_was_made_of_in_characters_that_no_shell_changes(made: Replay):
    assert replay.read(made.token) == made
    assert replay.read(f" {made.token}\n") == made
    assert set(made.token) <= {*DIGITS, *"._-", *map(str, range(10))} | {*made.function, *made.law}


@given(replays, st.data())
def test_no_change_of_a_token_goes_unnoticed(made: Replay, data: st.DataObject):
    token = made.token
    place = data.draw(st.integers(0, len(token)))
    end = data.draw(st.sampled_from([place, min(place + 1, len(token))]))
    other = token[:place] + data.draw(st.sampled_from(["", *DIGITS, ".", "é"])) + token[end:]
    assume(other.lower() != token.lower())
    with pytest.raises(ReplayError):
        replay.read(other)


@pytest.mark.parametrize("length", range(5))
def test_a_digit_more_or_another_last_digit_is_refused_though_it_may_say_nothing(length: int):
    token = Replay("3", "hvp", "agrees", 0, False, 1, 2, 0, b"\1" * length).token
    for other in [f"{token}0", *(f"{token[:-1]}{digit}" for digit in DIGITS if digit != token[-1])]:
        with pytest.raises(ReplayError, match="copy it again"):
            replay.read(other)


def test_zeros_take_no_room():
    made = Replay("3", "hvp", "agrees", 0, False, 1, 2, 0, b"\1" + bytes(1000))
    assert len(made.token) < 40


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_case_of_every_law_is_made_again_from_its_choices(exercise: course.Exercise):
    key = answer_key.load(exercise.folder)
    for check in key.checks.values():
        for law in check.laws:
            for case in key.cases(check, law, 1):
                assert isinstance(case, Drawn)
                again = draw.again(check, case.situation, key.functions, case.choices.rstrip(b"\0"))
                assert identical(tuple(again), tuple(case))


CHECK = "check('f', x=tensor('N D'), key=key(), where=lambda x, key: bool((x != 1).all()))"


def right(x: object, key: object) -> object:
    return x


def failing(key: AnswerKey, answer: object) -> Verdict:
    return judge(asking(key, Here(key, key.checks["f"], answer)))


class Tripled:
    @staticmethod
    def f(x: float, key: object) -> float:
        return 3 * x


class Negated:
    @staticmethod
    def f(x: float, key: object) -> str:
        return "minus"


class Right:
    f = staticmethod(right)


def test_the_smallest_case_fails_again_with_the_same_words_and_the_same_token():
    key = key_of(CHECK, right)
    first = failing(key, Tripled).failures[0]
    assert first.again is not None
    wanted = replay.read(first.again)
    assert (wanted.function, wanted.law, wanted.seed) == ("f", "agrees", 0)
    narrow = replay.narrowed(key_of(CHECK, right), wanted)
    worker = Here(narrow, narrow.checks["f"], Tripled)
    repeated = judge(asking(narrow, worker), shrink=False, explain=False)
    assert len(worker.asked) == 1
    assert repeated.failures == (first,)
    assert "as it did" in replay.outcome(wanted, report(repeated))
    other = judge(asking(narrow, Here(narrow, narrow.checks["f"], Negated)), shrink=False, explain=False)
    assert "otherwise" in replay.outcome(wanted, report(other))
    passed = judge(asking(narrow, Here(narrow, narrow.checks["f"], Right)), shrink=False, explain=False)
    assert "passes now" in replay.outcome(wanted, report(passed))


def report(verdict: Verdict) -> Report:
    return Report("exercise1", "cpu", 0, (verdict,), 0.0)


def test_a_function_without_arguments_has_a_token_too():
    key = key_of("check('f')", lambda: 1)
    found = judge(asking(key, Here(key, key.checks["f"], type("Wrong", (), {"f": staticmethod(lambda: 2)}))))
    assert found.failures[0].again is not None
    assert len(replay.narrowed(key, replay.read(found.failures[0].again)).checks["f"].laws) == 1


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ("check('f', x=tensor('N D'), key=key(), without=[agrees])", "do not have"),
        ("check('g', x=tensor('N D'), key=key())", "do not have"),
        ("check('f', x=tensor(''))", "cannot be drawn here.*left over"),
        ("check('f', x=tensor('N D'), key=key(), where=lambda x, key: False)", "cannot be drawn here.*left out"),
    ],
)
def test_checks_without_such_a_case_refuse_the_token(checks: str, told: str):
    wanted = failing(key_of(CHECK, right), Tripled).failures[0].again
    assert wanted is not None
    with pytest.raises(ReplayError, match=f"{told}.*same version of the course"):
        replay.narrowed(key_of(checks, right), replay.read(wanted))


def test_other_checks_are_told_and_other_line_ends_are_not():
    wanted = Replay("1", "f", "agrees", 0, False, replay.version_of("a\nb\n"), 0, 0, b"")
    assert replay.changed(wanted, "a\r\nb\r\n") is None
    assert "another version" in str(replay.changed(wanted, "a\nc\n"))


def test_a_failure_of_a_gpu_that_is_asked_on_the_cpu_says_so():
    wanted = Replay("1", "f", "agrees", 0, True, 0, 0, 0, b"")
    assert replay.outcome(wanted, report(Verdict("f", "passed", ""))).endswith("this is the CPU.")


@pytest.mark.slow
@pytest.mark.parametrize("exercise", course.packaged().exercises, ids=lambda exercise: exercise.name)
def test_every_failure_of_a_known_mistake_is_repeated_by_its_token(exercise: course.Exercise):
    key = answer_key.load(exercise.folder)
    for known in {known.function: known for known in key.misconceptions}.values():
        check, answer = key.checks[known.function], key.with_variant(known)
        whole = Asking(key, check, Performer(key, check, answer), "mine", "cpu", 5, float("inf"))
        for failure in judge(whole, shrink=False).failures:
            assert failure.again is not None
            wanted = replay.read(failure.again)
            narrow = replay.narrowed(key, wanted)
            only = narrow.checks[known.function]
            asked = Asking(narrow, only, Performer(narrow, only, answer), "mine", "cpu", 5, float("inf"))
            (repeated,) = judge(asked, shrink=False, explain=False).failures
            assert replay.said_of(repeated.message) == wanted.said
            assert (repeated.counterexample, repeated.again) == (failure.counterexample, failure.again)
