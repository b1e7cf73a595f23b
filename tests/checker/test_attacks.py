"""No submission gets a pass that it did not compute, and in a room none does harm; see `tests/attacks`."""

import linecache
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import attacks
from benchmarks.attacks import SANDBOXES, SEED, Attack
from benchmarks.victims import COURSE
from checker import answer_key, bubblewrap, exam, sandbox
from checker.course import find, packaged
from checker.sandbox import Workers
from checker.verdict import Verdict
from xorfunc import transforms

ALL = {attack.name: attack for attack in attacks.attacks()}
QUICK = [
    "calls_a_sibling",
    "encoded_as_hex",
    "encoded_as_punycode",
    "exits_with_zero",
    "forges_a_trial_in_frames",
    "forges_purity",
    "forges_words_about_a_gpu",
    "lifts_the_ban",
    "loads_the_library_twice",
    "of_zero_bytes",
    "patches_tensor_methods",
    "patches_torch_comparison",
    "poses_as_the_library",
    "reads_the_library",
    "reloads_the_library",
    "replays_an_answer",
    "returns_nan",
    "returns_the_checkers_own",
    "returns_what_broadcasts",
    "runs_in_the_library",
    "takes_over_the_channel",
    "unwraps_a_stand_in",
]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    linecache.getlines(transforms.__file__)  # as a traceback does that some test before this one has printed
    with sandbox.start("fork", preload=["torch.func", "xorfunc.transforms"]) as started:
        yield started


def verdict_on(attack: Attack, workers: Workers) -> Verdict:
    course = packaged() if attack.on_real_course else find(COURSE)
    exercise = course.select(attack.exercise)
    data = attack.submission(exercise.solution.read_text("utf-8"), {})
    key = answer_key.load(exercise.folder)
    file = exercise.file.relative_to(course.root)
    submission = exam.Submission(file, data, key, "cpu", SEED, 10.0, shrink=False, explain=False, alone=True)
    return exam.grade(workers, exercise.name, submission, [attack.function]).verdicts[0]


@pytest.mark.parametrize("name", QUICK)
def test_an_attack_gets_no_pass(workers: Workers, name: str):
    assert verdict_on(ALL[name], workers).status not in ("passed", "todo")


@pytest.mark.parametrize("exercise", ["target", "exercise3", "exercise11"])
def test_an_honest_submission_passes_where_attacks_are_made(workers: Workers, exercise: str):
    course = find(COURSE) if exercise == "target" else packaged()
    chosen = course.select(exercise)
    functions = {"target": "target", "exercise3": "hvp", "exercise11": "pick_device"}
    honest = Attack("honest", "", chosen.solution.read_bytes(), exercise, functions[exercise], True, "")
    assert verdict_on(honest, workers).status == "passed"


def test_every_attack_says_what_it_tries():
    assert len(ALL) >= 100
    assert [attack.name for attack in ALL.values() if not attack.what.endswith(".")] == []


def in_a_room() -> None:
    if bubblewrap.missing():
        pytest.skip(str(bubblewrap.missing()))


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_in_a_room_no_attack_gets_a_pass_or_does_harm(half: int):
    in_a_room()
    found = list(attacks.outcomes(list(ALL.values())[half::2], "strict", 2.0))
    assert [outcome for outcome in found if outcome.passed or outcome.harm] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", SANDBOXES)
def test_no_odd_hand_in_gets_a_pass_and_in_a_room_none_does_harm(kind: str):
    if kind == "strict":
        in_a_room()
    found = list(attacks.hand_ins(kind, 2.0))
    assert [outcome for outcome in found if outcome.passed or (kind == "strict" and outcome.harm)] == []


@pytest.mark.slow
def test_no_right_answer_fails_in_a_room():
    """In a process of its own: the checks of shapes here draw random numbers inside the library."""
    in_a_room()
    command = [sys.executable, "-m", "benchmarks.honest", "--sandbox", "strict"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert re.fullmatch(r"3\d\d honest answers with the sandbox strict; 0 of all failed\n", done.stdout), done.stdout
