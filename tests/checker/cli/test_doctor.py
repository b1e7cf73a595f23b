"""`xor-check doctor`: it says plainly what is stopped, what is open, and what to do."""

import json
from pathlib import Path

import pytest

from checker import bubblewrap
from checker.probing import probes, survey
from checker.probing.probes import Finding
from checker.probing.survey import Survey, SurveyFailed
from tests.checker.cli.conftest import XorCheck

STOPPED = Finding("read the solutions", "bubblewrap", stopped=True, detail="")
OPEN = Finding("use the network", "bubblewrap", stopped=False, detail="reached a server")
FACTS = {"torch": "2.13.0", "GPU": "none that PyTorch can use"}


def takes(monkeypatch: pytest.MonkeyPatch, enclosed: bool, missing: str | None, *findings: Finding) -> None:
    monkeypatch.setattr(survey, "take", lambda **how: Survey(enclosed, missing, findings, FACTS))


def test_where_all_is_stopped_it_says_so_and_leaves_with_0(
    tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    takes(monkeypatch, True, None, STOPPED)
    done = xor_check("doctor")
    assert done.code == 0
    assert "read the solutions" in done.out
    assert "nothing is open" in done.out


def test_what_is_open_is_told_with_what_was_achieved(tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch):
    takes(monkeypatch, True, None, STOPPED, OPEN)
    done = xor_check("doctor")
    assert done.code == 1
    assert "use the network (reached a server)" in done.out


def test_without_a_sandbox_it_says_what_is_missing_and_names_a_container(
    tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    takes(monkeypatch, False, "bubblewrap is not installed", OPEN)
    done = xor_check("doctor")
    assert done.code == 1
    assert "There is no sandbox: bubblewrap is not installed" in done.out
    assert "docker run" in done.out


def test_json_is_one_object(tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch):
    takes(monkeypatch, True, None, STOPPED, OPEN)
    content = json.loads(xor_check("doctor", "--json").out)
    assert content["installed"]["torch"] == "2.13.0"
    assert [finding["stopped"] for finding in content["findings"]] == [True, False]


def test_where_nothing_can_be_tried_the_checker_has_failed(
    tiny: Path, xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    def fail(**how: object) -> Survey:
        raise SurveyFailed("what students' code could do here cannot be tried: no torch")

    monkeypatch.setattr(survey, "take", fail)
    done = xor_check("doctor")
    assert done.code == 3
    assert "no torch" in done.err


def test_on_a_system_without_sandbox_everything_counts_as_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "darwin")
    bubblewrap.missing.cache_clear()
    try:
        found = survey.take(enclosed=True, answers=Path("solution.py"))
    finally:
        bubblewrap.missing.cache_clear()
    assert len(found.open) == len(probes.PROBES)
    assert found.missing is not None
    assert "Linux container" in found.missing


@pytest.mark.slow
def test_the_survey_of_this_machine_finds_what_is_open_without_a_sandbox(tiny: Path):
    answers = tiny / "solutions" / "exercise1_shapes" / "solution.py"
    found = survey.take(enclosed=False, answers=answers)
    dangers = {finding.danger for finding in found.open}
    assert dangers >= {probe.danger for probe in probes.PROBES if probe.attempt in ("read_answers", "read_environment")}
    assert found.facts["torch"]
