"""The command with the real judge and real workers, on the tiny course."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.checker.tiny_course import write_tiny_course

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from checker.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_stubs_are_to_do_and_solutions_pass(tiny: Path):
    done = subprocess.run([*COMMAND, "all", "--json"], capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (1, "")
    functions = [function for exercise in json.loads(done.stdout)["exercises"] for function in exercise["functions"]]
    assert [function["status"] for function in functions] == ["todo"] * 4
    solution = "solutions/exercise1_shapes/solution.py"
    done = subprocess.run([*COMMAND, "1", "--file", solution], capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 of 3 passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_failure_is_repeated_in_another_folder_from_what_was_printed(tiny: Path, tmp_path: Path, method: str):
    wrong = "def total(x):\n    return x.sum() if x.sum() < 3 else x.sum() + 1\n"
    (tiny / "exercises" / "exercise2_sums.py").write_text(wrong)
    environment = {**ENVIRONMENT, "XOR_CHECK_WORKER": method}
    first = subprocess.run([*COMMAND, "2"], capture_output=True, text=True, env=environment)
    (again,) = [line for line in first.stdout.splitlines() if line.startswith("again: xor-check ")]
    elsewhere = write_tiny_course(tmp_path / "elsewhere")
    file = elsewhere / "mine.py"
    file.write_text(f"# mine\n{wrong}")
    arguments = [*again.split()[2:], "--course", str(elsewhere), "--file", str(file)]
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("It fails as it did when the token was made.\n")
    assert again in done.stdout
    file.write_text("def total(x):\n    return x.sum()\n")
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "passes now" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes are those of POSIX")
def test_an_interrupt_ends_everything_that_was_started(tiny: Path):
    started = tiny / "started"
    (tiny / "exercises" / "exercise2_sums.py").write_text(
        f"def total(x):\n    open({str(started)!r}, 'w').close()\n    while True: pass\n"
    )
    command = subprocess.Popen(
        [*COMMAND, "2", "--timeout", "100"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        process_group=0,
    )
    while not started.exists():
        assert command.poll() is None, command.communicate()
        time.sleep(0.05)
    os.killpg(command.pid, signal.SIGINT)
    out, err = command.communicate(timeout=30)
    assert (command.returncode, out, err) == (130, "", "")
    with pytest.raises(ProcessLookupError):
        os.killpg(command.pid, 0)
