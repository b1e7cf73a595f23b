import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checker.cli.conftest import Judge, XorCheck

ROOT = Path(__file__).parents[3]

HEAVY = {"torch", "numpy", "hypothesis", "rich", "matplotlib", "jaxtyping", "pydantic", "watchfiles"}

LOADED = """
import sys
from checker.cli import main
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a shell would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", options.pop("code", LOADED), *arguments],
        **{"capture_output": True, "text": True, "env": environment, **options},
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        ([], 0),
        (["exercise1", "--help"], 0),
        (["hint", "1", "rows"], 0),
        (["solution", "1", "--give-up"], 0),
        (["exercise99"], 2),
        (["dev", "stub", "--check"], 0),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(tiny: Path, arguments: list[str], code: int):
    done = command(*arguments)
    assert done.returncode == code, done.stderr
    assert set(done.stderr.splitlines()[-1].split()) & HEAVY == set()


def test_help_lists_every_exercise_with_its_summary(tiny: Path, xor_check: XorCheck):
    done = xor_check("--help")
    assert done.code == 0
    assert "  exercise1  First exercise: shapes.\n  exercise2  Second exercise: sums.\n  all " in done.out


def test_help_works_where_there_is_no_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck):
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    done = xor_check("--help")
    assert done.code == 0
    assert "  init " in done.out
    assert "exercise1" not in done.out


def test_help_takes_the_named_course(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck):
    monkeypatch.chdir(tmp_path)
    assert "Second exercise" in xor_check("--help", "--course", str(tiny)).out


@pytest.mark.parametrize(
    "name", ["exercise2", "2", "sums", "exercise2_sums", "exercise2_sums.py", "exercises/exercise2_sums.py"]
)
def test_every_name_of_an_exercise_checks_it(tiny: Path, judge: Judge, xor_check: XorCheck, name: str):
    assert xor_check(name).code == 0
    assert [asked["exercise"] for asked in judge.asked] == ["exercise2"]
    assert judge.asked[0]["file"].samefile("exercises/exercise2_sums.py")


def test_the_file_of_a_path_is_what_is_checked(tiny: Path, tmp_path: Path, judge: Judge, xor_check: XorCheck):
    copy = tmp_path / "exercise2_sums.py"
    copy.write_text("")
    xor_check(str(copy))
    assert judge.asked[0]["file"] == copy


def test_a_file_name_means_the_file_of_the_current_folder_where_there_is_one(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge, xor_check: XorCheck
):
    (tmp_path / "exercise2_sums.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XOR_COURSE", str(tiny))
    xor_check("exercise2_sums.py")
    assert judge.asked[0]["file"].resolve() == tmp_path / "exercise2_sums.py"


def test_a_path_outside_any_course_is_checked_with_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge, xor_check: XorCheck
):
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exercise1_tensors.py").write_text("")
    assert xor_check("exercise1_tensors.py").code == 0
    assert judge.asked[0]["functions"] is None


@pytest.mark.parametrize("arguments", [("add", "--file", "mine.py"), ("--file=mine.py",)])
def test_a_named_file_outside_any_course_is_checked_with_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge, xor_check: XorCheck, arguments: tuple[str, ...]
):
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("")
    assert xor_check("exercise1", *arguments).code == 0
    assert judge.asked[0]["file"] == Path("mine.py")
    assert xor_check("--course", str(tmp_path), "exercise1", *arguments).code == 2  # a named one must be there
    assert xor_check("exercise1").code == 2


@pytest.mark.parametrize("position", [0, 1, 2])
def test_the_course_counts_wherever_it_is_named(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge, xor_check: XorCheck, position: int
):
    monkeypatch.chdir(tmp_path)
    words = ["exercise2", "total"]
    words[position:position] = ["--course", str(tiny)]
    assert xor_check(*words).code == 0
    assert xor_check("2", f"--course={tiny}").code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["exercise99"], "There is no exercise or command 'exercise99'. This course has exercise1 to exercise2."),
        (["exercice1"], "did you mean 'exercise1'?"),
        (["shape"], "did you mean 'shapes'?"),
        (["hints", "1", "rows"], "did you mean 'hint'?"),
        (["nowhere/exercise1_shapes.py"], "There is no file 'nowhere/exercise1_shapes.py'"),
        (["double"], "double is a function of exercise1: name both, as `exercise1 double`."),
        (["hint", "total"], "total is a function of exercise2: name both, as `exercise2 total`."),
        (["mine.py"], "There is no exercise or command 'mine.py'"),
        (["1", "rwos"], "exercise1 has no function 'rwos': did you mean 'rows'?"),
        (["1", "--file", "missing.py"], "'missing.py' is missing"),
        (["1", "--file", "exercises"], "is a folder"),
        (["1", "--timeout", "0"], "give seconds above 0"),
        (["1", "--timeout", "-1"], "give seconds above 0"),
        (["all", "--timeout", "nan"], "give seconds above 0"),
        (["1", "--timeout", "inf"], "give seconds above 0"),
        (["1", "--course", "nowhere"], "No course in 'nowhere'"),
        (["--course", "nowhere"], "No course in 'nowhere'"),
        (["1", "--device", "tpu"], "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        (["1", "--seed", "x"], "'x'"),
        (["1", "--nonsense"], "--nonsense"),
        (["--course"], "--course"),
        (["hint", "1"], "rows, columns, double"),
        (["hint", "1", "rwos"], "did you mean 'rows'?"),
        (["solution", "3"], "This course has exercise1 to exercise2."),
        (["dev", "stub", "3"], "This course has exercise1 to exercise2."),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(
    tiny: Path, judge: Judge, xor_check: XorCheck, arguments: list[str], sentence: str
):
    done = xor_check(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert sentence in " ".join(done.err.split())
    assert not judge.asked


def test_a_folder_without_a_course_is_a_wrong_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck
):
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    for arguments in ([], ["exercise1"], ["all"], ["hint", "1", "rows"]):
        done = xor_check(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "xor-check init DIR" in done.err


def test_an_error_of_the_checker_itself_is_one_sentence(
    tiny: Path, judge: Judge, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    judge.error = ZeroDivisionError("by zero")
    monkeypatch.delenv("XOR_CHECK_TRACEBACK", raising=False)
    done = xor_check("1")
    assert done.code == 3
    assert "ZeroDivisionError: by zero" in done.err
    assert "XOR_CHECK_TRACEBACK=1" in done.err
    assert "Traceback" not in done.err
    monkeypatch.setenv("XOR_CHECK_TRACEBACK", "1")
    done = xor_check("1")
    assert done.code == 3
    assert "Traceback" in done.err


def test_an_interrupt_is_quiet(tiny: Path, judge: Judge, xor_check: XorCheck):
    judge.error = KeyboardInterrupt()
    assert xor_check("1") == (130, "", "")


@pytest.mark.skipif(os.name != "posix", reason="a pipe closed by its reader is told otherwise elsewhere")
def test_a_reader_that_goes_away_is_forgiven(tiny: Path):
    reading, writing = os.pipe()
    os.close(reading)
    done = command(
        code="from checker.cli import main; main()", stdout=writing, stderr=subprocess.PIPE, capture_output=False
    )
    os.close(writing)
    assert done.stderr == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_closed_output_is_no_error(tiny: Path):
    line = f"exec {sys.executable} -c 'from checker.cli import main; main()' >&-"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_shell_completes_exercises_and_functions(tiny: Path):
    def completed(words: str) -> str:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_XOR_CHECK_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        return command(code="from checker.cli import main; main()", env=environment).stdout

    assert completed("xor-check exer").split() == ["exercise1", "exercise2"]
    assert completed("xor-check exercise1 ro").split() == ["rows"]
    assert completed("xor-check hint 1 col").split() == ["columns"]
    assert completed("xor-check reset ").split() == ["exercise1", "exercise2"]
    assert completed("xor-check watch exercise2").split() == ["exercise2"]
    assert completed("xor-check solution exercise1 d").split() == ["double"]
    assert completed("xor-check wat").split() == ["watch"]
