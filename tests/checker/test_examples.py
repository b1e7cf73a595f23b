"""A student's examples against right answers and known mistakes, in workers, on a course of one function."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from checker import answer_key, course, sandbox
from checker.examples import Examples, ExamplesError, Tried
from checker.sandbox import Workers
from tests.checker.jobs import KINDS

SOLUTION = '''"""First exercise: rows."""

import torch


def total(x):
    """The sum of each row."""
    if not x.dim():
        raise ValueError("a number has no rows")
    return x.sum(1)


def scaled_by(k):
    """Multiplies by k."""
    return lambda x: k * x
'''
CHECKS = """
from checker.spec import check, number, tensor

def build_then_call(answer, k, x):
    return answer.scaled_by(k)(x)

check("total", x=tensor("N D"))
check("scaled_by", k=number(1, 9), x=tensor("N"), trial=build_then_call)
"""
ALTERNATIVES = """
from checker.spec import alternative

@alternative("total")
def by_a_product(x):
    if not x.dim():
        raise TypeError("a number has no rows")
    return x @ x.new_ones(x.shape[1])
"""
MISCONCEPTIONS = """
import time

from checker.spec import misconception

@misconception("total", "SECRET: this sums the columns.")
def of_columns(x):
    return x.sum(0)

@misconception("total", "SECRET: keep no dimension.")
def kept_dimension(x):
    return x.sum(1, keepdim=True)

@misconception("total", "SECRET: the argument is changed.")
def in_place(x):
    result = x.sum(1)
    x.zero_()
    return result

@misconception("total", "SECRET: it never ends for large numbers.")
def endless(x):
    while (x > 100).any():
        time.sleep(0.01)
    return x.sum(1)

@misconception("scaled_by", "SECRET: one more.")
def one_more(k):
    return lambda x: k * x + 1
"""
HEAD = "import torch\nfrom torch import tensor\nfrom checker import example\n"


@pytest.fixture(scope="module", params=KINDS)
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    with sandbox.start(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    folder = root / "solutions" / "exercise1_rows"
    folder.mkdir(parents=True)
    (root / "exercises").mkdir()
    for name, text in (
        ("solution", SOLUTION),
        ("checks", CHECKS),
        ("alternatives", ALTERNATIVES),
        ("misconceptions", MISCONCEPTIONS),
    ):
        (folder / f"{name}.py").write_text(text)
    return root


Rehearse = Callable[..., list[Tried]]


@pytest.fixture
def rehearse(workers: Workers, root: Path, tmp_path: Path) -> Rehearse:
    def rehearse(text: str, functions: Sequence[str] | None = None, timeout: float = 10.0) -> list[Tried]:
        file = tmp_path / "exercise1.py"
        file.write_text(HEAD + text)
        exercise = course.find(root).exercises[0]
        key = answer_key.load(exercise.folder)
        return Examples(workers, exercise, file, root, key, timeout).rehearse(functions)

    return rehearse


def test_good_examples_are_valid_and_catch_what_results_can_show(rehearse: Rehearse):
    total, scaled_by = rehearse(
        "example('total', tensor([[1.0, 2.0, 3.0], [4.0, 500.0, 6.0]]), gives=tensor([6.0, 510.0]))\n"
        "example('scaled_by', call=lambda scaled_by: scaled_by(3)(tensor([2.0])), gives=tensor([6.0]))\n",
        timeout=1.0,
    )
    assert total == Tried("total", 1, caught=("of_columns", "kept_dimension", "endless"), beyond=1)
    assert scaled_by == Tried("scaled_by", 1, caught=("one_more",))
    assert total.holds
    assert scaled_by.holds


def test_an_example_that_looks_aside_leaves_mistakes_uncaught(rehearse: Rehearse):
    (total,) = rehearse("example('total', torch.eye(2), gives=torch.ones(2))", ["total"])
    assert total == Tried("total", 1, caught=("kept_dimension",), missed=("of_columns",), beyond=2)
    assert not total.holds


def test_without_examples_nothing_is_caught(rehearse: Rehearse):
    total, _ = rehearse("")
    assert (total.examples, total.caught, total.missed) == (0, (), ("of_columns", "kept_dimension"))


@pytest.mark.parametrize(
    ("text", "message", "said", "given"),
    [
        ("torch.ones(2, 3), gives=tensor([2.0, 2.0, 2.0])", "another shape", "torch.tensor([2.0, 2.0, 2.0])", "3.0"),
        (
            "torch.ones(2, 3), gives=tensor([3, 3])",
            "another dtype",
            "torch.tensor([3, 3]), torch.int64",
            "torch.float32",
        ),
        ("torch.ones(2, 3), gives=[3.0, 3.0]", "of another kind", "[3.0, 3.0]", "torch.tensor([3.0, 3.0])"),
        ("torch.ones(2, 3), gives=tensor([3.0, 3.1])", "other values", "3.1", "torch.tensor([3.0, 3.0])"),
        ("torch.ones(2), gives=tensor(2.0)", "raises", "torch.tensor(2.0)", "raises IndexError"),
        ("torch.ones(2, 3), raises=ValueError", "of another kind", "raises ValueError", "torch.tensor([3.0, 3.0])"),
        ("tensor(1.0), raises=ValueError", "leaves it open", "raises ValueError", "raises TypeError"),
    ],
)
def test_a_misunderstanding_is_shown_with_both_sides(
    rehearse: Rehearse, text: str, message: str, said: str, given: str
):
    (total,) = rehearse(f"\nexample(\n    'total', {text}\n)\n", ["total"])
    (wrong,) = total.misunderstood
    assert total.valid == 0
    assert wrong.text.startswith("example(\n    'total'")
    assert wrong.line == 5
    assert message in wrong.message
    assert said in wrong.said
    assert given in wrong.given


def test_four_digits_are_enough(rehearse: Rehearse):
    (total,) = rehearse("example('total', tensor([[1.0, 1.0]]) / 3, gives=tensor([0.6667]))", ["total"])
    assert total.valid == 1


def test_an_example_that_hangs_or_crashes_is_told_and_spares_the_others(rehearse: Rehearse):
    (found,) = rehearse(
        "import os\n"
        "example('scaled_by', call=lambda scaled_by: os._exit(3), gives=0)\n"
        "def forever(scaled_by):\n    while True: pass\n"
        "example('scaled_by', call=forever, gives=0)\n"
        "example('scaled_by', call=lambda scaled_by: scaled_by(3)(2), gives=6)\n",
        ["scaled_by"],
        timeout=0.5,
    )
    assert [wrong.line for wrong in found.misunderstood] == [5, 8]
    assert "did not finish in time" in found.misunderstood[1].message
    assert (found.valid, found.caught) == (1, ("one_more",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("example('totl', 1, gives=1)", r"exercise1\.py, line 4: exercise1 has no function 'totl': .*'total'"),
        ("1 / 0", r"cannot be run:\n  line 4, in <module>\n    1 / 0\nZeroDivisionError"),
        ("example('total'", r"cannot be run:\n.*SyntaxError"),
        ("example('total', 1)", "needs either gives"),
        ("while True: pass", "did not finish in time"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(rehearse: Rehearse, text: str, told: str):
    import re

    with pytest.raises(ExamplesError) as wrong:
        rehearse(text, timeout=0.5)
    assert re.search(told, str(wrong.value), re.DOTALL)


def test_what_an_example_prints_of_an_answer_goes_nowhere(rehearse: Rehearse, capfd: pytest.CaptureFixture[str]):
    rehearse(
        "import inspect, sys\n"
        "example('total', call=lambda total: print(inspect.getsource(total), file=sys.stderr), gives=1)\n",
        ["total"],
    )
    assert capfd.readouterr() == ("", "")
