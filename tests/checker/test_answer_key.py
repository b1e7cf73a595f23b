"""An exercise's files read into memory, and the right answers that the judge compares with."""

import traceback
from pathlib import Path

import pytest
import torch

from checker import answer_key
from checker.answer_key import AnswerKey
from checker.observation import Array, Raised, identical
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_course(tmp_path) / "solutions" / "exercise1_shapes"


@pytest.fixture
def key(folder: Path) -> AnswerKey:
    return answer_key.load(folder)


def test_the_checks_are_read_in_their_order_with_their_text(folder: Path, key: AnswerKey):
    assert list(key.checks) == ["rows", "columns", "double"]
    assert key.checks_source == (folder / "checks.py").read_text()
    assert "check" in key.functions


def test_the_solution_works_as_a_module_with_its_helpers(key: AnswerKey):
    assert key.solution.double(torch.tensor([3.0])).tolist() == [6.0]
    assert key.solution.__name__ == "exercise1_shapes_solution"


def test_a_missing_file_is_an_error_but_lists_of_variants_may_be_absent(folder: Path, key: AnswerKey):
    assert key.misconceptions == key.alternatives == []
    (folder / "solution.py").unlink()
    with pytest.raises(FileNotFoundError):
        answer_key.load(folder)


def test_variants_are_read_from_their_files(folder: Path, key: AnswerKey):
    (folder / "misconceptions.py").write_text(
        "from checker.spec import misconception\n"
        "@misconception('rows', 'That is the other one.')\ndef other(x): return x.shape[1]\n"
    )
    (folder / "alternatives.py").write_text(
        "from checker.spec import alternative\n@alternative('rows')\ndef by_len(x): return len(x)\n"
    )
    assert [(one.function, one.slug, one.advice) for one in key.misconceptions] == [
        ("rows", "other", "That is the other one.")
    ]
    assert [(one.function, one.slug, one.advice) for one in key.alternatives] == [("rows", "by_len", None)]


def test_a_variant_takes_the_place_of_one_function_among_the_right_ones(folder: Path, key: AnswerKey):
    (folder / "misconceptions.py").write_text(
        "from checker.spec import misconception\n@misconception('rows', '.')\ndef other(x): return x.shape[1]\n"
    )
    answer = key.with_variant(key.misconceptions[0])
    x = torch.zeros(2, 5)
    assert (answer.rows(x), answer.columns(x), key.solution.rows(x)) == (5, 5, 2)


def test_the_right_answer_is_what_a_law_sees_of_the_solution(key: AnswerKey):
    law = key.checks["double"].laws[0]
    for case in key.cases(key.checks["double"], law, 0):
        assert identical(key.right_answer(law, case, "cpu"), Array(2 * case[0].data))


def test_cases_and_right_answers_are_made_once(key: AnswerKey):
    check = key.checks["double"]
    law = check.laws[0]
    first = key.cases(check, law, 0)
    assert all(one is other for one, other in zip(key.cases(check, law, 0), first, strict=True))
    assert key.right_answer(law, first[1], "cpu") is key.right_answer(law, first[1], "cpu")
    assert not identical(key.cases(check, law, 1), first)
    assert len(key.cases(check, law, 0, more=7)) == 7


def test_laws_of_one_situation_share_its_cases(key: AnswerKey):
    check = key.checks["double"]
    agrees, pure = (next(law for law in check.laws if law.name == name) for name in ("agrees", "pure"))
    wanted = pure.situations[0].count
    assert wanted < agrees.situations[0].count
    pairs = zip(key.cases(check, pure, 0), key.cases(check, agrees, 0)[:wanted], strict=True)
    assert all(one is other for one, other in pairs)


def test_each_answers_trial_is_run_once_a_case(folder: Path, key: AnswerKey):
    (folder / "misconceptions.py").write_text(
        "from checker.spec import misconception\n@misconception('double', '.')\ndef once(x): return x\n"
    )
    law = key.checks["double"].laws[0]
    (case, *_) = key.cases(key.checks["double"], law, 0)
    (known,) = key.misconceptions
    assert key.known_answer(known, law, case, "cpu") is key.known_answer(known, law, case, "cpu")
    assert key.with_variant(known) is key.with_variant(known)
    assert identical(key.known_answer(known, law, case, "cpu"), case[0])
    assert key.right_answer(law, case, "cpu") is not key.known_answer(known, law, case, "cpu")


def test_each_observation_is_made_on_inputs_of_its_own(key: AnswerKey):
    class InPlace:
        def double(self, x: torch.Tensor) -> torch.Tensor:
            return x.mul_(2)

    law = key.checks["double"].laws[0]
    case = (Array(torch.tensor([[1.0]])),)
    seen = [key.observe(InPlace(), law, case, "cpu") for _ in range(2)]
    assert identical(seen[0], seen[1])
    assert case[0].data.item() == 1


def test_what_an_answer_raises_is_an_observation(key: AnswerKey):
    class Raises:
        def double(self, x: torch.Tensor) -> None:
            raise ValueError("no")

    law = key.checks["double"].laws[0]
    assert key.observe(Raises(), law, (Array(torch.ones(1, 1)),), "cpu") == Raised("ValueError", "no")


def test_an_error_in_a_solution_shows_its_own_line(folder: Path):
    (folder / "solution.py").write_text("def rows(x):\n    return x.no_such_thing  # here\n")
    key = answer_key.load(folder)
    with pytest.raises(AttributeError) as raised:
        key.solution.rows(3)
    assert "return x.no_such_thing  # here" in "".join(traceback.format_exception(raised.value))


def test_the_trial_of_an_own_case_runs_once_and_that_of_another_leaves_nothing_behind(key: AnswerKey):
    check = key.checks["double"]
    law = check.laws[0]
    own = key.cases(check, law, 0)[0]
    assert key.right_answer(law, own, "cpu") is key.right_answer(law, own, "cpu")
    remembered = len(key._seen)
    other = type(own).of(tuple(own), own.situation, own.choices)
    first, second = (key.right_answer(law, other, "cpu") for _ in range(2))
    assert first is not second
    assert identical(first, second)
    assert len(key._seen) == remembered
