"""The command with the real judge and real workers, on the tiny course."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
