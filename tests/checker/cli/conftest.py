"""A course to stand in, the command as a function, and a judge that says what a test wants."""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

import checker
from checker import cli
from checker.course import Exercise
from checker.verdict import Report, Verdict
from tests.checker.tiny_course import write_tiny_course


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


XorCheck = Callable[..., Done]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh course that is the current folder."""
    root = write_tiny_course(tmp_path / "tiny")
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def xor_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> XorCheck:
    """The command, in this process."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the command sets them: put them back afterwards

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["xor-check", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert isinstance(left.value.code, int)
        return Done(left.value.code, *capsys.readouterr())

    return run


class Judge:
    """Stands in for `checker.exam`: gives the verdicts in `verdicts`, passes the rest, and notes how it was asked."""

    class NoDevice(Exception):
        """As in `checker.exam`."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.error: BaseException | None = None
        self.asked: list[dict[str, Any]] = []

    def check(
        self,
        workers: object,
        exercise: Exercise,
        file: Path,
        functions: Sequence[str] | None,
        *,
        on_verdict: Callable[[Verdict], None] | None,
        **options: Any,
    ) -> Report:
        self.asked.append({"exercise": exercise.name, "file": file, "functions": functions, **options})
        if self.error is not None:
            raise self.error
        names = functions or exercise.functions
        verdicts = tuple(self.verdicts.get(name, Verdict(name, "passed", "")) for name in names)
        for verdict in verdicts:
            if on_verdict is not None:
                on_verdict(verdict)
        return Report(exercise.name, "cpu", options["seed"], verdicts, 0.5, str(file))


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The judge of the test, in the place of the real one, which imports torch and starts processes."""
    judge = Judge()
    monkeypatch.setattr(checker, "exam", judge, raising=False)
    monkeypatch.setattr(checker, "sandbox", SimpleNamespace(start=lambda **options: nullcontext()), raising=False)
    return judge
