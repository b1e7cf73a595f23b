"""The bundle for Gradescope, and what it does with a submission in a tree like Gradescope's."""

import json
import os
import shlex
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from checker.course import find
from checker.grading import autograder
from checker.grading.autograder import BundleError, Choice
from checker.stub import stub_of
from tests.checker.grading.test_export_gradescope import read
from tests.checker.tiny_course import write_tiny_course

CHOICE = Choice(["exercise1"], 5.0, "xorfunc==9", ("--index-url", "https://example.org/a b"))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_tiny_course(tmp_path / "tiny")


def test_the_zip_holds_what_gradescope_wants_at_its_root_and_the_whole_course(course: Path, tmp_path: Path):
    (course / "course.toml").write_text("[functions.exercise1]\nrows = 2\n[functions.exercise2]\ntotal = 3\n")
    made = autograder.write(find(course), CHOICE, tmp_path / "out")
    with zipfile.ZipFile(made) as archive:
        names = set(archive.namelist())
        for script in autograder.SCRIPTS:
            assert archive.getinfo(script).external_attr >> 16 & stat.S_IXUSR
            assert archive.read(script).startswith(b"#!/usr/bin/env bash\n")
        pins = archive.read("constraints.txt").decode().split()
    assert {"settings.sh", "secret-seed", "course/course.toml", "course/solutions/exercise2_sums/solution.py"} <= names
    assert not [name for name in names if "exercises/" in name or "pycache" in name]
    assert any(pin.startswith("torch==") for pin in pins)
    assert not [pin for pin in pins if "+" in pin or pin.startswith("xorfunc")]


def test_settings_are_read_by_bash_as_they_were_meant(course: Path, tmp_path: Path):
    autograder.write(find(course), CHOICE, tmp_path / "out")
    settings = tmp_path / "out" / "autograder" / "settings.sh"
    said = subprocess.run(
        ["bash", "-c", f'. {shlex.quote(str(settings))}; echo "$PACKAGE|$PIP_ARGUMENTS|$EXERCISES"'],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert said == "xorfunc==9|--index-url https://example.org/a b|exercise1\n"


def test_scripts_are_bash(tmp_path: Path, course: Path):
    autograder.write(find(course), CHOICE, tmp_path / "out")
    for script in autograder.SCRIPTS:
        subprocess.run(["bash", "-n", str(tmp_path / "out" / "autograder" / script)], check=True)


def test_an_earlier_bundle_is_replaced_and_nothing_else_is(course: Path, tmp_path: Path):
    out = tmp_path / "out"
    autograder.write(find(course), CHOICE, out)
    (out / "autograder" / "old.whl").write_text("old")
    autograder.write(find(course), CHOICE, out)
    assert not (out / "autograder" / "old.whl").exists()
    (out / "autograder" / "settings.sh").unlink()
    with pytest.raises(BundleError, match="name another folder"):
        autograder.write(find(course), CHOICE, out)


def test_a_wheel_that_is_not_there_is_told(course: Path, tmp_path: Path):
    with pytest.raises(BundleError, match="is not there"):
        autograder.write(find(course), Choice(["exercise1"], 5.0, "no.whl", ()), tmp_path / "out")


@pytest.fixture
def tree(course: Path, tmp_path: Path) -> Path:
    """What Gradescope makes of a bundle whose setup was run, with this interpreter in the place of its own."""
    root = tmp_path / "autograder"
    made = autograder.write(find(course), Choice(["exercise1"], 20.0, "xorfunc", ()), tmp_path / "out")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(root / "source")
    python = root / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    (root / "submission").mkdir()
    return root


def run_autograder(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = ["bash", str(root / "source" / "run_autograder")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_submission_gets_the_results_that_gradescope_reads(tree: Path, course: Path):
    stub = stub_of(find(course).select("exercise1"))
    answer = stub.replace("    raise NotImplementedError", "    return x.shape[0]", 1)
    (tree / "submission" / "exercise1_shapes.py").write_text(answer)
    done = run_autograder(tree)
    assert done.returncode == 0, done.stderr
    results = read((tree / "results" / "results.json").read_text())
    assert [test["score"] for test in results["tests"]] == [1, 0, 0]
    assert results["score"] == 1


@pytest.mark.slow
def test_a_submission_with_no_file_for_the_exercise_gets_no_points_and_is_told_why(tree: Path):
    (tree / "submission" / "essay.txt").write_text("hello")
    done = run_autograder(tree)
    assert done.returncode == 0, done.stderr
    results = read((tree / "results" / "results.json").read_text())
    assert results["score"] == 0
    assert "exercise1_shapes.py" in results["output"]


def test_what_is_no_mark_is_not_handed_to_gradescope(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "graded"
    (out / "gradescope").mkdir(parents=True)
    results = {"score": 0, "output": "Not graded.", "extra_data": {"state": "crashed"}, "tests": []}
    (out / "gradescope" / "0.json").write_text(json.dumps(results))
    monkeypatch.setattr(autograder.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0))
    assert autograder.run(tree / "source", tree / "submission", out) == 1
    assert not (out / "results.json").exists()
    results["extra_data"] = {"state": "graded"}
    (out / "gradescope" / "0.json").write_text(json.dumps(results))
    assert autograder.run(tree / "source", tree / "submission", out) == 0
    assert json.loads((out / "results.json").read_text()) == results
