"""An exercise that proves itself, and each way in which one can fail to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import course, sandbox, validate
from checker.course import CourseError, Exercise
from checker.report.validation import show
from checker.sandbox import Workers
from checker.validate import Validation

SOLUTION = '''"""Second exercise: sums."""

import torch
from torch import Tensor


def total(x: Tensor) -> Tensor:
    """The sum of all entries."""
    return x.sum()
'''
CHECKS = """
from checker.spec import check, tensor

check("total", x=tensor("N"), hints=["It is a method.", "x.sum()"])
"""
MISCONCEPTIONS = """
import torch

from checker.spec import misconception


@misconception("total", "This is the mean.")
def mean_of(x):
    return x.mean()
"""
ALTERNATIVES = """
import torch

from checker.spec import alternative


@alternative("total")
def by_dot(x):
    return x @ torch.ones_like(x)
"""


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with sandbox.start("fork") as started:
        yield started


def write(
    root: Path,
    *,
    solution: str = SOLUTION,
    checks: str = CHECKS,
    misconceptions: str = MISCONCEPTIONS,
    alternatives: str = ALTERNATIVES,
) -> Exercise:
    folder = root / "solutions" / "exercise2_sums"
    folder.mkdir(parents=True)
    (folder / "solution.py").write_text(solution)
    (folder / "checks.py").write_text(checks)
    (folder / "misconceptions.py").write_text(misconceptions)
    (folder / "alternatives.py").write_text(alternatives)
    return course.find(root).select("2")


def test_an_exercise_that_holds_has_no_problems_and_all_its_verdicts(workers: Workers, tmp_path: Path):
    found = validate.validate(workers, write(tmp_path))
    assert found == Validation(
        "exercise2_sums",
        functions=1,
        hints=2,
        alternatives=1,
        misconceptions=1,
        senseless=4,
        verdicts=8,  # the stub, the solution, and those above
        problems=[],
    )


def problems(workers: Workers, root: Path, **files: str) -> list[str]:
    return validate.validate(workers, write(root, **files)).problems


def test_a_misconception_that_the_check_lets_pass_is_a_problem(workers: Workers, tmp_path: Path):
    right = MISCONCEPTIONS.replace("x.mean()", "x.sum(dim=0)")
    assert problems(workers, tmp_path, misconceptions=right) == [
        "misconception `mean_of` of `total` must be caught and is passed: "
        "add inputs or a law that set it apart from the solution"
    ]


def test_a_misconception_that_is_caught_but_not_named_is_a_problem(workers: Workers, tmp_path: Path):
    twin = MISCONCEPTIONS + "\n@misconception('total', 'So is this.')\ndef also_mean(x):\n    return x.mean(0)\n"
    assert problems(workers, tmp_path, misconceptions=twin) == [
        "misconception `also_mean` of `total` is caught by `agrees` but named `mean_of`: it must answer otherwise than "
        "the solution on three drawn inputs, and otherwise than each other misconception on one"
    ]
    unsteady = "import random\n" + MISCONCEPTIONS.replace("x.mean()", "x.sum() + random.SystemRandom().random() + 1")
    (problem,) = problems(workers, tmp_path / "unsteady", misconceptions=unsteady)
    assert "is caught by `agrees` but not named" in problem


def test_an_alternative_that_the_check_refuses_is_a_problem(workers: Workers, tmp_path: Path):
    wrong = ALTERNATIVES.replace("torch.ones_like(x)", "torch.ones(len(x))")
    (problem,) = problems(workers, tmp_path, alternatives=wrong)
    assert problem.startswith("alternative `by_dot` of `total` must be passed and is caught (error: `total` raised ")
    assert problem.endswith("the check refuses a right answer; see `keeps_dtype`")


def test_a_senseless_answer_that_passes_is_a_problem(workers: Workers, tmp_path: Path):
    echoes = SOLUTION.replace("return x.sum()", "return x")
    found = problems(workers, tmp_path, solution=echoes, misconceptions="", alternatives="")
    assert found == [
        "the senseless answer `echo` of `total` must be caught and is passed: "
        "add inputs or a law that set it apart from the solution"
    ]


def test_a_senseless_answer_may_be_declared_right(workers: Workers, tmp_path: Path):
    echoes = SOLUTION.replace("return x.sum()", "return x")
    right = "from checker.spec import equivalent\nequivalent('total', 'echo', 'nothing else is asked')\n"
    found = validate.validate(workers, write(tmp_path, solution=echoes, misconceptions="", alternatives=right))
    assert found.problems == []


def test_a_senseless_answer_that_is_declared_right_must_pass(workers: Workers, tmp_path: Path):
    stale = "from checker.spec import equivalent\nequivalent('total', 'zeros', 'it was so once')\n"
    (problem,) = problems(workers, tmp_path, alternatives=stale)
    assert problem.startswith("the senseless answer `zeros` of `total` must be passed and is caught (failed: ")


def test_too_few_hints_are_a_problem(workers: Workers, tmp_path: Path):
    assert problems(workers, tmp_path, checks=CHECKS.replace(', "x.sum()"', "")) == [
        "`total` has fewer than 2 hints: go from a gentle one to nearly the answer"
    ]


def test_a_variant_of_a_function_that_is_not_checked_is_a_problem(workers: Workers, tmp_path: Path):
    lost = ALTERNATIVES.replace('alternative("total")', 'alternative("totals")')
    assert problems(workers, tmp_path, alternatives=lost) == [
        "`by_dot` stands for `totals`, which checks.py does not check"
    ]


def test_two_variants_of_one_name_are_a_problem(workers: Workers, tmp_path: Path):
    twice = MISCONCEPTIONS.replace("def mean_of(x):\n    return x.mean()", "def mean_of(x):\n    return x.max()")
    both = MISCONCEPTIONS + twice
    found = problems(workers, tmp_path, misconceptions=both)
    assert "`mean_of` of `total` is there twice: give each its own name" in found


def test_a_solution_that_raises_is_a_problem(workers: Workers, tmp_path: Path):
    fragile = SOLUTION.replace("return x.sum()", "return torch.stack([x[0], x[1]]).sum() if len(x) == 1 else x.sum()")
    found = problems(workers, tmp_path, solution=fragile, alternatives="")
    assert len(found) == 1
    assert found[0].startswith("the solution's `total` raises IndexError (index 1 is out of bounds")
    assert found[0].endswith("under `any_size`")


def test_a_check_of_what_the_solution_lacks_is_a_fault_of_the_course(workers: Workers, tmp_path: Path):
    more = CHECKS + 'check("mean", hints=["One.", "Two."])\n'
    with pytest.raises(CourseError, match="defines no function or class 'mean'"):
        problems(workers, tmp_path, checks=more)


# The command


@pytest.mark.slow
def test_all_seeds_are_counted_and_the_json_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert validate.run([write(tmp_path)], seeds=3, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], said["seeds"]) == (True, 3)
    (one,) = said["exercises"]
    assert one["exercise"] == "exercise2_sums"
    assert one["verdicts"] == 8 + 2 * 7  # a stub is the same under every seed


@pytest.mark.slow
def test_a_problem_with_another_seed_is_told_with_the_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rarely_wrong = MISCONCEPTIONS.replace("x.mean()", "x.sum() + (float(x.sum()) == 123456)")
    assert validate.run([write(tmp_path, misconceptions=rarely_wrong)], seeds=2, as_json=False) == 1
    said = capsys.readouterr().out
    problem = "misconception `mean_of` of `total` must be caught and is passed"
    assert f"exercise2_sums: {problem}: add inputs or a law that set it apart from the solution.\n" in said
    assert f"{problem}: add inputs or a law that set it apart from the solution (seed 1).\n" in said


def test_the_table_has_a_row_for_each_exercise_and_their_totals(capsys: pytest.CaptureFixture[str]):
    one = Validation("exercise1_a", 1, 2, 3, 4, 5, 600)
    other = Validation("exercise2_b", 10, 20, 30, 40, 50, 7000)
    show([one, other], seeds=1)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["exercise1_a", "1", "2", "3", "4", "5", "600", "0"] in lines
    assert ["together", "11", "22", "33", "44", "55", "7600", "0"] in lines
    assert lines[-1][-3:] == ["with", "one", "seed."]


def test_problems_stand_below_the_table_and_then_nothing_is_claimed(capsys: pytest.CaptureFixture[str]):
    show([Validation("exercise1_a", 1, 2, 3, 4, 5, 6, ["one thing", "another"])], seeds=20)
    said = capsys.readouterr().out
    assert said.endswith("exercise1_a: one thing.\nexercise1_a: another.\n")
    assert "passes" not in said
