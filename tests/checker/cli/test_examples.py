"""`xor-check examples`: the start of a file, what is shown, and the exit code."""

import ast
import subprocess
from pathlib import Path

import pytest

from checker import course
from checker.cli.examples import start_of
from checker.examples import Misunderstood, Tried
from checker.report.rehearsal import Rehearsal
from tests.checker.cli.conftest import XorCheck
from tests.checker.cli.test_end_to_end import COMMAND, ENVIRONMENT, ROOT


def test_a_missing_file_is_begun_and_never_written_over(tiny: Path, xor_check: XorCheck):
    done = xor_check("examples", "shapes")
    file = tiny / "examples" / "exercise1.py"
    assert (done.code, done.err) == (1, "")
    assert done.out == "examples/exercise1.py is new: write examples into it, then run this command again.\n"
    assert '# example("rows", x, gives=...)\n' in file.read_text()


@pytest.mark.parametrize("exercise", course.packaged().exercises, ids=lambda exercise: exercise.name)
def test_the_start_is_a_file_of_python_that_names_every_function_and_no_answer(exercise: course.Exercise):
    text = start_of(exercise)
    assert len(ast.parse(text).body) == 4
    for name in exercise.functions:
        assert f'# example("{name}"' in text


def test_wrong_calls_are_told(tiny: Path, xor_check: XorCheck):
    assert xor_check("examples", "9").code == 2
    assert "did you mean 'rows'" in xor_check("examples", "1", "row").err
    (tiny / "examples" / "exercise2.py").mkdir(parents=True)
    assert "must be a file" in xor_check("examples", "2").err
    assert xor_check("examples", "2", "--timeout", "0").code == 2


FINE = Tried("total", 2, caught=("a", "b"), beyond=1)
WRONG = Tried("rows", 2, (Misunderstood(7, "example('rows', \x1b)", "Other.", "1", "2"),), ("a",), ("b_is_c",))
BARE = Tried("columns", 0, missed=("a",))


def shown(capsys: pytest.CaptureFixture[str], *tried: Tried) -> str:
    screen = Rehearsal(color=False)
    screen.start("exercise1", "examples/exercise1.py", [one.function for one in tried])
    for one in tried:
        screen.line(one)
    screen.finish("exercise1", tried, "examples/exercise1.py")
    return capsys.readouterr().out


def test_the_report_tells_what_is_valid_what_is_caught_and_what_is_next(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "60")
    text = shown(capsys, FINE, WRONG, BARE)
    assert "total    2 valid, caught 2 of 2" in text
    assert "rows     1 of 2 valid, caught 1 of 2" in text
    assert "columns  no example yet" in text
    assert "rows, line 7\nOther.\n\nexample('rows', \\x1b)\n" in text
    assert "No example would notice yet:\n  rows: b is c\n" in text
    assert "3 of 4 examples valid, 3 of 5 known mistakes caught" in text
    assert "One more mistake shows in no result" in text
    assert "Next: read again what rows should do" in text
    assert max(map(len, text.splitlines())) <= 60
    assert "Next: an example for columns" in shown(capsys, FINE, BARE)
    assert shown(capsys, FINE).endswith("Next: write the functions, then\nxor-check exercise1\n")


EXAMPLES = """
from torch import tensor
from checker import example

def product(x):
    return (x[:1] * x[1:] ** 3).sum()

example("hvp", product, tensor([1.0, 2.0]), tensor([1.0, 10.0]), gives=tensor([120.0, 132.0]))
"""


@pytest.mark.slow
def test_one_good_example_catches_all_that_a_result_of_hvp_can_show(tiny: Path, tmp_path: Path):
    subprocess.run([*COMMAND, "init", str(tmp_path / "mine")], check=True, env=ENVIRONMENT, capture_output=True)
    (tmp_path / "mine" / "examples").mkdir()
    (tmp_path / "mine" / "examples" / "exercise3.py").write_text(EXAMPLES)
    command = [*COMMAND, "examples", "exercise3", "hvp", "--course", str(tmp_path / "mine")]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 valid, caught 6 of 6" in done.stdout
    assert "Your examples know the task." in done.stdout
