import json
from pathlib import Path
from typing import Any

import pytest

from checker import course, progress, replay
from checker.replay import Replay
from checker.verdict import Failure, Verdict
from tests.checker.cli.conftest import Judge, XorCheck

FAILED = Verdict("rows", "failed", "rows(x) is wrong", failures=(Failure("values", "rows(x) is wrong", "rows(x)"),))


def standing(root: Path) -> dict[str, str]:
    found = course.find(root)
    return dict(progress.standing(found.exercises[0], progress.load(found)))


def test_the_exit_code_says_whether_all_passed(tiny: Path, judge: Judge, xor_check: XorCheck):
    assert xor_check("1").code == 0
    judge.verdicts["rows"] = Verdict("rows", "todo", "")
    assert xor_check("1").code == 1
    assert xor_check("1", "columns").code == 0
    assert xor_check("all").code == 1


def test_options_reach_the_judge(tiny: Path, judge: Judge, xor_check: XorCheck):
    xor_check("1", "rows", "--device", "cpu", "--seed", "5", "--timeout", "2.5")
    assert judge.asked == [
        {
            "exercise": "exercise1",
            "file": tiny / "exercises" / "exercise1_shapes.py",
            "functions": ["rows"],
            "device": "cpu",
            "seed": 5,
            "timeout": 2.5,
        }
    ]


def test_without_options_the_seed_is_fixed(tiny: Path, judge: Judge, xor_check: XorCheck):
    xor_check("1")
    assert (judge.asked[0]["device"], judge.asked[0]["seed"], judge.asked[0]["timeout"]) == ("auto", 0, 10.0)


def test_a_missing_device_is_a_wrong_call(tiny: Path, judge: Judge, xor_check: XorCheck):
    judge.error = judge.NoDevice("no CUDA here")
    assert xor_check("1", "--device", "cuda") == (2, "", "xor-check: no CUDA here\n")


def test_json_is_one_object_and_nothing_else(tiny: Path, judge: Judge, xor_check: XorCheck):
    judge.verdicts["rows"] = FAILED
    content = json.loads(xor_check("1", "--json").out)
    assert [function["status"] for function in content["functions"]] == ["failed", "passed", "passed"]
    assert (content["score"], content["max_score"], content["passed"]) == (2, 3, False)
    assert [function["name"] for function in json.loads(xor_check("1", "rows", "--json").out)["functions"]] == ["rows"]


def test_json_of_all_lists_the_exercises(tiny: Path, judge: Judge, xor_check: XorCheck):
    content = json.loads(xor_check("all", "--json").out)
    assert [exercise["exercise"] for exercise in content["exercises"]] == ["exercise1", "exercise2"]


def test_the_report_is_shown_as_verdicts_come(tiny: Path, judge: Judge, xor_check: XorCheck):
    judge.verdicts["rows"] = FAILED
    done = xor_check("1")
    assert done.out.startswith("exercise1  exercises/exercise1_shapes.py\n")
    assert "rows(x) is wrong" in done.out
    assert "1 failed" in done.out
    assert xor_check("2").out.endswith("it is the last one. xor-check shows where you are.\n")


def test_a_missing_file_says_how_to_get_a_fresh_one(tiny: Path, judge: Judge, xor_check: XorCheck):
    (tiny / "exercises" / "exercise2_sums.py").unlink()
    for arguments in (["2"], ["all"]):
        done = xor_check(*arguments)
        assert done.code == 2
        assert "`xor-check reset exercise2` writes a fresh one" in done.err


def test_what_was_found_is_remembered(tiny: Path, judge: Judge, xor_check: XorCheck):
    file = tiny / "exercises" / "exercise1_shapes.py"
    file.write_text("rows = columns = double = len\n")
    assert set(standing(tiny).values()) == {"written"}
    judge.verdicts["rows"] = FAILED
    xor_check("1", "rows")
    assert standing(tiny) == {"rows": "failed", "columns": "written", "double": "written"}
    del judge.verdicts["rows"]
    xor_check("1", "--json")
    assert set(standing(tiny).values()) == {"passed"}


def test_another_file_is_not_remembered(tiny: Path, tmp_path: Path, judge: Judge, xor_check: XorCheck):
    (tmp_path / "other.py").write_text("")
    assert xor_check("1", "--file", str(tmp_path / "other.py")).code == 0
    assert not (tiny / "progress.json").exists()


@pytest.mark.parametrize("switch", [["--no-color"], []])
def test_no_color_and_its_variable_leave_no_escape(
    tiny: Path, judge: Judge, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch, switch: list[str]
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" in xor_check("1").out
    if not switch:
        monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in xor_check("1", *switch).out


def test_an_unknown_way_to_start_workers_is_a_wrong_call(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck
):
    monkeypatch.setenv("XOR_CHECK_WORKER", "thread")
    done = xor_check("exercise1")
    assert done.code == 2
    assert '"fork" or "spawn"' in done.err


def test_reports_are_written_for_one_exercise_and_for_all(tiny: Path, judge: Judge, xor_check: XorCheck):
    judge.verdicts["rows"] = FAILED
    assert xor_check("1", "--junit", "r.xml", "--html", "r.html", "--json").code == 1
    assert (tiny / "r.xml").read_text().count("<testcase ") == 3
    assert "exercises/exercise1_shapes.py" in (tiny / "r.html").read_text()
    xor_check("all", "--junit", "r.xml", "--html", "r.html")
    assert (tiny / "r.xml").read_text().count("<testcase ") == 4
    assert "3 of 4 functions passed" in (tiny / "r.html").read_text()


@pytest.mark.parametrize("arguments", [["1", "--junit", "no/r.xml"], ["all", "--html", "no/r.html"]])
def test_a_report_without_a_folder_is_a_wrong_call_before_anything_is_asked(
    tiny: Path, judge: Judge, xor_check: XorCheck, arguments: list[str]
):
    done = xor_check(*arguments)
    assert (done.code, done.out, judge.asked) == (2, "", [])
    assert "there is no folder 'no': make it" in done.err


def test_two_reports_need_two_files(tiny: Path, judge: Judge, xor_check: XorCheck):
    assert "name two files" in xor_check("1", "--junit", "r", "--html", "r").err


def token(root: Path, **changes: Any) -> str:
    """A token of a failure of `rows`."""
    version = replay.version_of(course.find(root).exercises[0].checks.read_text())
    fields = {"exercise": "1", "function": "rows", "law": "agrees", "seed": 4, "on_gpu": False, "version": version}
    fields |= {"said": replay.said_of("rows(x) is wrong"), "situation": 0, "choices": b""}
    return Replay(**(fields | changes)).token


def test_a_replay_asks_for_the_failure_of_the_token_and_tells_what_became_of_it(
    tiny: Path, judge: Judge, xor_check: XorCheck
):
    judge.verdicts["rows"] = FAILED
    for arguments in (["1"], ["exercise1", "rows"]):
        done = xor_check(*arguments, "--replay", token(tiny))
        assert (done.code, done.err) == (1, "")
        assert done.out.endswith("It fails as it did when the token was made.\n")
        assert judge.asked[-1]["wanted"] == replay.read(token(tiny))
        assert judge.asked[-1]["device"] == "cpu"
    xor_check("1", "--replay", token(tiny, on_gpu=True))
    assert judge.asked[-1]["device"] == "auto"
    xor_check("1", "--replay", token(tiny), "--device", "cuda")
    assert judge.asked[-1]["device"] == "cuda"


def test_a_replay_says_nothing_of_how_far_a_function_is(tiny: Path, judge: Judge, xor_check: XorCheck):
    (tiny / "exercises" / "exercise1_shapes.py").write_text("rows = columns = double = len\n")
    assert xor_check("1", "--replay", token(tiny)).code == 0
    assert set(standing(tiny).values()) == {"written"}


def test_a_replay_with_json_prints_the_object_alone(tiny: Path, judge: Judge, xor_check: XorCheck):
    assert json.loads(xor_check("1", "--replay", token(tiny), "--json").out)["passed"] is True


@pytest.mark.parametrize(
    ("changes", "arguments", "told"),
    [
        ({}, ["2"], "of exercise1, rows: xor-check exercise1 rows --replay 1.rows.agrees.4."),
        ({}, ["1", "columns"], "of exercise1, rows: xor-check exercise1 rows --replay 1.rows.agrees.4."),
        ({"function": "row"}, ["1"], "did you mean 'rows'?"),
    ],
)
def test_a_token_of_something_else_is_a_wrong_call(
    tiny: Path, judge: Judge, xor_check: XorCheck, changes: dict[str, Any], arguments: list[str], told: str
):
    done = xor_check(*arguments, "--replay", token(tiny, **changes))
    assert (done.code, done.out, judge.asked) == (2, "", [])
    assert told in done.err


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: token.replace("1.", "2.", 1), len])
def test_a_token_that_was_changed_is_a_wrong_call(tiny: Path, judge: Judge, xor_check: XorCheck, spoil: Any):
    done = xor_check("1", "--replay", str(spoil(token(tiny))))
    assert (done.code, judge.asked) == (2, [])
    assert "whole" in done.err


def test_a_token_of_another_version_is_tried_with_a_warning(tiny: Path, judge: Judge, xor_check: XorCheck):
    done = xor_check("1", "--replay", token(tiny, version=1))
    assert done.code == 0
    assert "another version of this exercise's checks" in done.err
