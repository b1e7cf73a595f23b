"""On a GPU as on the CPU: right answers pass, what is made on the wrong device is told, and inputs are there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from checker import exam, sandbox
from checker.course import Exercise, packaged
from checker.sandbox import Workers

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with sandbox.start("spawn") as started:
        yield started


@pytest.mark.parametrize("exercise", packaged().exercises, ids=lambda exercise: exercise.stem)
def test_every_solution_passes_on_a_gpu(workers: Workers, exercise: Exercise):
    report = exam.check(workers, exercise, exercise.solution, device="cuda", timeout=120)
    assert [(verdict.name, verdict.message) for verdict in report.verdicts if not verdict.passed] == []
    assert report.device == "cuda"


def test_a_result_on_the_cpu_is_told_as_that(workers: Workers, tmp_path: Path):
    exercise = packaged().select("exercise5")
    file = tmp_path / "exercise5_model.py"
    file.write_text("def affine(weight, bias, x):\n    return (x @ weight.T + bias).cpu()\n")
    (verdict,) = exam.check(workers, exercise, file, ["affine"], device="cuda", timeout=120).verdicts
    assert verdict.failures[0].law == "keeps_device"
