"""`xor-check watch` as somebody in front of a terminal lives with it."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("termios")  # a pty to be in front of

from tests.checker.cli.conftest import Judge, XorCheck
from tests.checker.cli.terminal import Terminal
from tests.checker.tiny_course import SHAPES_SOLUTION

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from checker.cli import main; main()", "watch"]
WRONG = SHAPES_SOLUTION.replace("x.shape[0]", "x.shape[-1]")

Watch = Callable[..., Terminal]


@pytest.fixture
def watch(tiny: Path):
    """The command in a terminal, in the tiny course; ended at the end."""
    opened: list[Terminal] = []

    def start(
        *arguments: str, shell: Sequence[str] = (), columns: int = 80, rows: int = 24, **variables: str
    ) -> Terminal:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **variables}
        terminal = Terminal(
            [*shell, *COMMAND, *arguments], folder=tiny, environment=environment, columns=columns, rows=rows
        )
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.__exit__()


def test_a_session_from_the_stub_to_the_end(tiny: Path, watch: Watch):
    file = tiny / "exercises" / "exercise1_shapes.py"
    terminal = watch("1")
    text = terminal.until("Write rows in exercises/exercise1_shapes.py", "0 of 3 passed, 3 to do")
    assert text.splitlines()[0] == "exercise1  exercises/exercise1_shapes.py"
    assert text.splitlines()[-1] == "n next: columns   h hint   l list   r again   q quit"

    terminal.press("h")
    terminal.until("hint 1: Look at its shape.", "h hint (1 left)")

    file.write_text(WRONG)
    text = terminal.until("rows: agrees", "called:", "expected: ", "2 of 3 passed, 1 failed")
    assert "hint 1: Look at its shape." in text

    terminal.press("h")
    terminal.until("hint 2: The first entry of its shape.", "s solution", gone=["h hint"])
    terminal.press("s")
    terminal.until("rows has not passed yet. Press s again", "s yes, show the answer")
    terminal.press("s")
    terminal.until("return x.shape[0]", "s back", gone=["called:"])
    terminal.press("s")
    terminal.until("called:", gone=["return x.shape[0]"])

    file.write_text(WRONG + "\n\ndef half(:\n")
    text = terminal.until("is not valid Python", "nothing could be checked")
    assert text.splitlines()[-1] == "l list   r again   q quit"

    file.unlink()
    text = terminal.until("exercise1_shapes.py is gone")
    assert text.splitlines()[-1] == "l list   q quit"

    file.with_suffix(".tmp").write_text(SHAPES_SOLUTION)
    file.with_suffix(".tmp").replace(file)
    terminal.until("rows passed, and so does everything in exercise1.", "3 of 3 passed", "n next: exercise2")

    terminal.press("l")
    terminal.until("exercise2_sums", "Next: write total", "l back")
    terminal.press("n")
    terminal.until("exercise2  exercises/exercise2_sums.py", "Write total in")
    terminal.press("xyz\x1b[H")  # no keys of ours, and one that ends in an H
    terminal.press("q")
    assert terminal.wait() == 0
    assert terminal.modes == terminal.modes_before
    assert "hint 1" not in terminal.text


def test_a_save_while_a_function_hangs_is_checked_at_once(tiny: Path, watch: Watch):
    (tiny / "exercises" / "exercise1_shapes.py").write_text(
        SHAPES_SOLUTION.replace("return x.shape[0]", "\n    while True: pass")
    )
    terminal = watch("1", "--timeout", "600")
    terminal.until("checking rows, 0 of 3 done")
    terminal.press("l")
    terminal.until("Your course in")
    (tiny / "exercises" / "exercise1_shapes.py").write_text(SHAPES_SOLUTION)
    terminal.until("3 of 3 passed", "rows passed")
    (tiny / "exercises" / "exercise1_shapes.py").write_text("while True: pass\n")
    terminal.until("checking rows")
    began = time.monotonic()
    terminal.press("q")
    assert terminal.wait() == 0
    assert time.monotonic() - began < 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda terminal: terminal.press("\x03"), 130),
        (lambda terminal: terminal.press("\x04"), 0),
        (lambda terminal: terminal.process.terminate(), 128 + signal.SIGTERM),
        (lambda terminal: terminal.process.send_signal(signal.SIGHUP), 128 + signal.SIGHUP),
    ],
)
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_however_it_ends_the_terminal_is_as_it_was_and_nothing_is_left(
    tiny: Path, watch: Watch, end: Callable[[Terminal], None], code: int, method: str
):
    terminal = watch("1", XOR_CHECK_WORKER=method)
    terminal.until("3 to do")
    assert terminal.modes != terminal.modes_before
    (tiny / "exercises" / "exercise1_shapes.py").write_text("while True: pass\n")  # a worker is at it
    terminal.until("checking rows")
    end(terminal)
    assert terminal.wait(seconds=9) == code  # the function itself would have ten
    assert terminal.modes == terminal.modes_before
    assert "Traceback" not in terminal.text
    time.sleep(0.5)
    assert not _workers_of(tiny)


@pytest.mark.slow
def test_when_the_checker_itself_fails_the_terminal_is_as_it_was(tiny: Path, watch: Watch):
    terminal = watch("1")
    terminal.until("3 to do")
    (tiny / "solutions" / "exercise1_shapes" / "checks.py").write_text("import nothing_of_that_name\n")
    terminal.press("r")
    assert terminal.wait() == 3
    assert terminal.modes == terminal.modes_before
    assert "the checker itself failed" in " ".join(terminal.text.split())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="only a shell with jobs can be handed the terminal")
def test_stopped_and_continued_it_hands_the_terminal_over_and_takes_it_back(tiny: Path, watch: Watch):
    job = 'set -m; "$@"; echo; echo the shell is back; read line; fg'
    terminal = watch("1", shell=["bash", "-c", job, "bash"])
    terminal.until("3 to do")
    during = terminal.modes
    terminal.press("\x1a")
    terminal.until("the shell is back")
    assert terminal.modes == terminal.modes_before
    terminal.press("\n")
    terminal.until("3 to do", gone=["the shell is back"])
    assert terminal.modes == during
    terminal.press("q")
    assert terminal.wait() == 0
    assert terminal.modes == terminal.modes_before


@pytest.mark.slow
def test_a_narrow_window_without_colour_in_ascii(tiny: Path, watch: Watch):
    (tiny / "exercises" / "exercise1_shapes.py").write_text(WRONG)
    terminal = watch("1", columns=40, rows=16, NO_COLOR="1", PYTHONIOENCODING="ascii", LC_ALL="C")
    text = terminal.until("1 failed")
    assert len(text.splitlines()) <= 15
    assert "q quit" in text
    assert terminal.sent.isascii()
    assert b"m" not in {sequence[-1:] for sequence in _sequences(terminal.sent)}
    terminal.resize(100, 40)
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.until("called:", "rows: agrees ---")
    assert terminal.screen.display[0].startswith("exercise1  exercises/exercise1_shapes.py")


@pytest.mark.slow
def test_where_no_cursor_can_be_placed_each_check_is_one_frame_below_the_last(tiny: Path, watch: Watch):
    file = tiny / "exercises" / "exercise1_shapes.py"
    terminal = watch("1", TERM="dumb", rows=60)
    terminal.until("3 to do", "q quit")
    file.write_text(WRONG)
    text = terminal.until("3 to do", "rows: agrees", "2 of 3 passed")
    assert text.count("exercise1  exercises/exercise1_shapes.py") == 2
    assert b"\x1b" not in terminal.sent


@pytest.mark.slow
def test_from_save_to_verdict_takes_a_fraction_of_a_second(
    tiny: Path, watch: Watch, capsys: pytest.CaptureFixture[str]
):
    file = tiny / "exercises" / "exercise1_shapes.py"
    file.write_text(SHAPES_SOLUTION)
    terminal = watch("1")
    terminal.until("3 of 3 passed")
    taken: dict[str, list[float]] = {"rows: agrees": [], "rows passed": []}
    for _ in range(9):
        for text, verdict in ((WRONG, "rows: agrees"), (SHAPES_SOLUTION, "rows passed")):
            time.sleep(1.1)  # past the second of the clock on the screen
            while terminal.read():
                pass
            began = time.perf_counter()
            file.write_text(text)
            terminal.until(verdict)
            taken[verdict].append(time.perf_counter() - began)
            terminal.until("checked at")
    medians = {verdict: statistics.median(times) for verdict, times in taken.items()}
    with capsys.disabled():
        print("".join(f"\nfrom save to '{verdict}': median {median:.3f} s" for verdict, median in medians.items()))
    assert max(medians.values()) < 1.5  # 0.3 is the aim, on a machine with nothing else to do


def test_without_a_terminal_it_says_so(tiny: Path, judge: Judge, xor_check: XorCheck):
    done = xor_check("watch", "1")
    assert (done.code, done.out) == (2, "")
    assert "watch needs a terminal" in done.err
    assert "`xor-check exercise1` after each change" in done.err
    assert not judge.asked


def test_it_can_be_imported_where_there_is_no_posix_terminal(tiny: Path):
    code = (
        "import sys\n"
        "for name in ('termios', 'tty', 'fcntl', 'pty', 'resource', 'curses'): sys.modules[name] = None\n"
        "from checker.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "watch", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def _sequences(sent: bytes) -> list[bytes]:
    """The control sequences in what a program sent."""
    import re

    return re.findall(rb"\x1b\[[0-9;?]*[A-Za-z]", sent)


def _workers_of(folder: Path) -> list[str]:
    """Processes that still stand in a folder, this one aside."""
    left: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and (process / "cwd").readlink() == folder:
                left.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return left
