import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checker import course
from checker.cli import demo

ROOT = Path(__file__).parents[3]


def test_the_tour_shows_a_misconception_of_the_course_as_a_student_would_write_it():
    mistake, imports = demo.find_mistake(course.packaged().select(demo.TOPIC))
    assert mistake.startswith(f"def {demo.FUNCTION}(")
    assert "misconception" not in mistake + imports
    compile(f"{imports}\n{mistake}", "mistake", "exec")


@pytest.mark.slow
def test_the_tour_shows_a_stub_a_mistake_a_pass_and_a_trained_network(tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    (tmp_path / "here").mkdir()
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "from checker.cli import main; main()", "demo"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path / "here",
    )
    assert (done.returncode, done.stderr) == (0, "")
    statuses = re.findall(rf"{demo.FUNCTION} +(\w+)", done.stdout.replace("xor-check", ""))
    assert [status for status in statuses if status in ("todo", "failed", "passed")] == ["todo", "failed", "passed"]
    assert "JAX's, asked for here, is (value, grads)" in " ".join(done.stdout.split())
    accuracy = re.search(r"accuracy on 500 fresh points: ([0-9.]+)", done.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.95
    picture = tmp_path / "here" / demo.PICTURE
    assert f"where it decides: {picture}" in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "tmp").glob("xor-demo-*")) == []
    assert time.perf_counter() - start < 60  # 20 on a machine that does nothing else
