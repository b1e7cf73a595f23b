"""Small changes of a solution: what can be changed is changed, in one place at a time, and what passes is told."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import sandbox, validate
from checker.mutants import mutants
from checker.sandbox import Workers
from tests.checker.test_validate import ALTERNATIVES, SOLUTION, write


def changes(body: str) -> set[str]:
    return {each.change for each in mutants(f"import math\n\ndef f(x, y=1):\n    {body}\n")}


@pytest.mark.parametrize(
    ("body", "change"),
    [
        ("return x + y", "return x + y -> return x - y"),
        ("return x @ y", "return x @ y -> return x * y"),
        ("return x @ y", "return x @ y -> return y @ x"),
        ("return x - y", "return x - y -> return y - x"),
        ("return x ** 2", "return x ** 2 -> return x ** 3"),
        ("return -x", "return -x -> return x"),
        ("return x >= 0", "return x >= 0 -> return x > 0"),
        ("return x == 0 and y", "return x == 0 and y -> return x == 0 or y"),
        ("return x.sum(dim=1)", "return x.sum(dim=1) -> return x.sum()"),
        ("return x.sum(dim=1)", "return x.sum(dim=1) -> return x"),
        ("return x.T", "return x.T -> return x"),
        ("return math.exp(x)", "return math.exp(x) -> return x"),
        ("return g(x, y)", "return g(x, y) -> return g(y, x)"),
        ("return g(x, keep=True)", "return g(x, keep=True) -> return g(x, keep=False)"),
        ("return x if y else 2", "return x if y else 2 -> return 2 if y else x"),
        ("return x", "return x -> return None"),
        ("return x", "def f(x, y=1): -> def f(x, y=2):"),
    ],
)
def test_every_kind_of_change_is_made(body: str, change: str):
    assert change in changes(body)


def test_statements_are_dropped_and_conditions_turned_round():
    assert "x.pop() -> pass" in changes("x.pop()\n    return x")
    assert "if y: -> if not y:" in changes("if y:\n        x = 2\n    return x")


def test_docstrings_types_and_decorators_are_left_alone():
    source = 'import functools\n\n@functools.cache\ndef f(x: "int | 3") -> "4":\n    """Five."""\n    return x\n'
    assert [each.change for each in mutants(source)] == ["return x -> return None"]


def test_a_method_is_changed_as_a_part_of_its_class():
    source = "class Box:\n    size = 1\n\n    def get(self):\n        return self.size\n"
    assert [(each.function, each.change) for each in mutants(source)] == [
        ("Box", "size = 1 -> pass"),
        ("Box", "size = 1 -> size = 2"),
        ("Box", "return self.size -> return None"),
    ]


def test_each_mutant_is_a_whole_file_with_one_change():
    source = "def f(x):\n    x += 1\n    return x + 1 < 2\n\n\ndef g(x):\n    x += 2\n    return f(x) < g(x, x)\n"
    for mutant in mutants(source):
        lines, mutated = ast.unparse(ast.parse(source)).split("\n"), mutant.source.split("\n")
        assert sum(one != other for one, other in zip(lines, mutated, strict=True)) == 1


# Judged


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with sandbox.start("fork") as started:
        yield started


def test_mutants_are_counted_and_the_caught_ones_are_no_problem(workers: Workers, tmp_path: Path):
    found = validate.validate(workers, write(tmp_path), with_mutants=True)
    assert (found.mutants, found.survivors, found.problems, found.equivalents) == (2, 0, [], [])


SLOPPY = SOLUTION.replace("return x.sum()", "return x.sum(dim=-1)")
EQUIVALENT = """
from checker.spec import equivalent

equivalent("total", "return x.sum(dim=-1) -> return x.sum()", "a vector has one dimension")
"""


def test_a_survivor_is_a_problem_until_it_is_explained(workers: Workers, tmp_path: Path):
    found = validate.validate(workers, write(tmp_path / "a", solution=SLOPPY), with_mutants=True)
    assert found.survivors == 1
    (problem,) = found.problems
    assert problem.startswith("a mutant of `total` passes: return x.sum(dim=-1) -> return x.sum(): add inputs or")
    explained = write(tmp_path / "b", solution=SLOPPY, alternatives=ALTERNATIVES + EQUIVALENT)
    found = validate.validate(workers, explained, with_mutants=True)
    assert (found.survivors, found.problems) == (1, [])
    assert found.equivalents == ["`total`: return x.sum(dim=-1) -> return x.sum(): a vector has one dimension"]


def test_an_explanation_without_a_survivor_is_a_problem(workers: Workers, tmp_path: Path):
    found = validate.validate(workers, write(tmp_path, alternatives=ALTERNATIVES + EQUIVALENT), with_mutants=True)
    assert found.problems == [
        "`equivalent` of `total` explains what is no surviving mutant: return x.sum(dim=-1) -> return x.sum(): "
        "take it out"
    ]


def test_a_mutant_of_a_helper_is_caught_by_the_functions_that_use_it(workers: Workers, tmp_path: Path):
    helped = SOLUTION.replace("return x.sum()", "return _sum(x)") + "\n\ndef _sum(x):\n    return x.sum()\n"
    found = validate.validate(workers, write(tmp_path, solution=helped), with_mutants=True)
    assert (found.mutants, found.problems) == (4, [])


# Pairs


PAIRED_SOLUTION = '''"""Codes."""


def encode(n: int) -> int:
    """Hide a number."""
    return n + 1


def decode(n: int) -> int:
    """Find it again."""
    return n - 1
'''
PAIRED_CHECKS = """
from checker.spec import check, integer


def there_and_back(answer, n):
    return answer.decode(answer.encode(n))


check("encode", n=integer(0, 99), trial=there_and_back, hints=["Add.", "Add one."])
check("decode", n=integer(0, 99), trial=there_and_back, hints=["Subtract.", "Subtract one."])
"""
PAIRED_MISCONCEPTIONS = """
from checker.spec import misconception


def doubled(n):
    return 2 * n


@misconception("decode", "Half is rounded down.", beside={"encode": doubled})
def halved_down(n):
    return (n - 1) // 2
"""
PAIRED_ALTERNATIVES = """
from checker.spec import alternative


def negative(n):
    return -n


@alternative("encode", beside={"decode": negative})
def negated(n):
    return -n
"""


def test_a_variant_may_bring_along_the_function_that_goes_with_it(workers: Workers, tmp_path: Path):
    files = {
        "solution": PAIRED_SOLUTION,
        "checks": PAIRED_CHECKS,
        "misconceptions": PAIRED_MISCONCEPTIONS,
        "alternatives": PAIRED_ALTERNATIVES,
    }
    assert validate.validate(workers, write(tmp_path / "a", **files)).problems == []
    alone = PAIRED_ALTERNATIVES.replace(', beside={"decode": negative}', "")
    (problem,) = validate.validate(workers, write(tmp_path / "b", **{**files, "alternatives": alone})).problems
    assert problem.startswith("alternative `negated` of `encode` must be passed and is caught")
