import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from checker.grading import presence

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no locks there: a run counts as present")

PROGRAM = """
import sys
from pathlib import Path
from checker.grading import presence
with presence.announced(Path(sys.argv[1]), "other"):
    print("here", flush=True)
    sys.stdin.read()
"""


def start(out: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def test_a_run_is_present_until_it_ends_and_leaves_nothing(tmp_path: Path):
    with start(tmp_path) as process:
        assert not presence.gone(tmp_path, "other")
        assert os.listdir(tmp_path) == ["scratch-other"]
        process.communicate()
    assert presence.gone(tmp_path, "other")
    assert os.listdir(tmp_path) == []


def test_a_run_that_was_killed_is_gone_and_cleared_away(tmp_path: Path):
    with start(tmp_path) as process:
        (tmp_path / "scratch-other" / "left").write_text("by a student")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert os.listdir(tmp_path) == ["scratch-other"]
    with presence.announced(tmp_path, "mine"):
        presence.clear(tmp_path)
        assert os.listdir(tmp_path) == ["scratch-mine"]
    assert presence.gone(tmp_path, "other")


def test_a_run_that_is_alive_is_not_cleared_away(tmp_path: Path):
    with start(tmp_path) as process:
        presence.clear(tmp_path)
        assert os.listdir(tmp_path) == ["scratch-other"]
        process.communicate()


def test_a_run_whose_name_was_never_seen_is_gone(tmp_path: Path):
    assert presence.gone(tmp_path, "never")


def test_runs_that_come_while_others_clear_away_keep_their_folders(tmp_path: Path):
    done = threading.Event()

    def clear() -> None:
        while not done.is_set():
            presence.clear(tmp_path)

    clearing = threading.Thread(target=clear)
    clearing.start()
    try:
        for number in range(200):
            with presence.announced(tmp_path, str(number)) as scratch:
                assert os.listdir(scratch) == ["lock"]
    finally:
        done.set()
        clearing.join()
