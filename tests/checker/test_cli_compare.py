import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import xorfunc.compare
from checker.cli import compare
from tests.checker.cli.conftest import XorCheck
from tests.checker.cli.conftest import xor_check as xor_check
from xorfunc.compare import FUNCTIONAL, MODULE, SETTING, TRANSLATIONS, Comparison
from xorfunc.devices import Timing

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "XOR_COURSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")


Calls = list[dict[str, Any]]


def comparison(**changed: Any) -> Comparison:
    given: dict[str, Any] = {
        "functional": torch.tensor([0.75, 0.5]),
        "module": torch.tensor([0.75, 0.5]),
        "loss_difference": 1e-7,
        "params_difference": 2e-7,
        "num_steps": 16,
        "timings": {"module": Timing((2e-4,)), "eager": Timing((3e-4,)), "traced": Timing((5e-5,))},
        "programs": {"functional": FUNCTIONAL, "module": MODULE},
    }
    return Comparison(**{**given, **changed})


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Calls]:
    """Put a comparison with these fields in the place of a training; gives the list of how it was asked for."""

    def put(**changed: Any) -> Calls:
        calls: Calls = []

        def compare_styles(key: torch.Tensor, **options: Any) -> Comparison:
            calls.append({"key": key.tolist(), **options})
            return comparison(**changed)

        monkeypatch.setattr(xorfunc.compare, "compare_styles", compare_styles)
        return calls

    return put


def test_the_real_comparison_is_one_json_object_and_ends_alike(tmp_path: Path):
    arguments = ["compare", "--json", "--seed", "3", "--out", str(tmp_path / "new" / "folder")]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from checker.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,  # where there is no course
    )
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    assert content["passed"] is True
    assert content["losses"]["functional"] == pytest.approx(content["losses"]["module"], abs=1e-5)
    assert set(content["seconds_a_step"]) == {"module", "eager", "traced"}
    assert Path(content["picture"]).read_bytes().startswith(b"\x89PNG")
    names: dict[str, Any] = {}
    exec(content["programs"]["module"], names)
    assert names["losses"] == pytest.approx(content["losses"]["module"], abs=1e-5)


def test_wide_terminals_show_both_programs_beside_each_other(trained: Callable[..., Calls], xor_check: XorCheck):
    trained()
    done = xor_check("compare")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 120
    pairs = [line.partition(" │") for line in done.out.splitlines() if " │" in line][2:]
    left, right = [pair[0].rstrip() for pair in pairs], [pair[2].removeprefix(" ") for pair in pairs]
    assert "\n".join(left).rstrip() + "\n" == FUNCTIONAL
    assert "\n".join(right).rstrip() + "\n" == MODULE


@pytest.mark.parametrize("columns", ["60", "100", "20"])
def test_narrow_terminals_show_them_below_each_other_unwrapped(
    trained: Callable[..., Calls], xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch, columns: str
):
    trained()
    monkeypatch.setenv("COLUMNS", columns)
    out = xor_check("compare").out
    assert f"functional\n\n{FUNCTIONAL}\nnn.Module\n\n{MODULE}" in out
    assert "│" not in out


def test_differences_and_times_are_told_with_their_ratios(trained: Callable[..., Calls], xor_check: XorCheck):
    trained()
    out = xor_check("compare").out
    assert "  largest difference of losses       1.0e-07\n" in out
    assert "  largest difference of parameters   2.0e-07\n" in out
    assert "Only rounding parts them." in out
    assert "  nn.Module     200.0\n" in out
    assert "  eager         300.0    1.50 times as long as nn.Module\n" in out
    assert "  traced         50.0    0.25 times as long as nn.Module\n" in out


@pytest.mark.parametrize("field", ["loss_difference", "params_difference"])
@pytest.mark.parametrize("json_option", [[], ["--json"]])
def test_styles_that_part_by_more_than_rounding_fail(
    trained: Callable[..., Calls], xor_check: XorCheck, field: str, json_option: list[str]
):
    trained(**{field: 0.01})
    done = xor_check("compare", *json_option)
    assert done.code == 1
    assert "more than rounding" in done.out if not json_option else json.loads(done.out)["passed"] is False


def test_the_seed_is_that_of_the_training_and_of_the_programs_shown(trained: Callable[..., Calls], xor_check: XorCheck):
    calls = trained()
    out = xor_check("compare", "--seed", "5").out
    assert calls[0]["key"] == [0, 5]
    assert out.count("split(key(5), 3)") == 2
    assert "key(0)" not in out


def test_machine_code_is_timed_only_when_asked_for(
    trained: Callable[..., Calls], xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("xorfunc.backends.has_compiler", lambda: True)
    calls = trained()
    assert xor_check("compare").code == xor_check("compare", "--compiled").code == 0
    assert [call["backends"] for call in calls] == [("eager", "traced"), ("eager", "traced", "compiled")]


def test_colour_repeats_the_words_and_can_be_left_out(
    trained: Callable[..., Calls], xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    trained()
    plain = xor_check("compare").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in xor_check("compare").out
    assert xor_check("compare", "--no-color").out == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert xor_check("compare").out == plain
    assert "\x1b[" not in plain


def test_a_terminal_without_box_characters_gets_ascii(
    trained: Callable[..., Calls], xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    trained()
    monkeypatch.setattr(compare, "shows", lambda text, stream: False)
    assert xor_check("compare").out.isascii()


def test_the_picture_is_drawn_into_the_folder(trained: Callable[..., Calls], xor_check: XorCheck, tmp_path: Path):
    trained()
    assert f"Drawn in {tmp_path / 'a' / compare.PICTURE}" in xor_check("compare", "--out", str(tmp_path / "a")).out
    assert (tmp_path / "a" / compare.PICTURE).read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_cannot_be_is_refused_before_anything_is_trained(
    trained: Callable[..., Calls], xor_check: XorCheck, tmp_path: Path
):
    calls = trained()
    (tmp_path / "file").touch()
    done = xor_check("compare", "--out", str(tmp_path / "file"))
    assert (done.code, done.out, calls) == (2, "", [])
    assert "name another folder" in done.err


def test_a_picture_that_cannot_be_written_is_a_wrong_call(
    trained: Callable[..., Calls], xor_check: XorCheck, tmp_path: Path
):
    trained()
    (tmp_path / compare.PICTURE).mkdir()
    done = xor_check("compare", "--json", "--out", str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "name another folder" in done.err


def test_the_table_shows_both_sides_of_every_row_and_trains_nothing(
    trained: Callable[..., Calls], xor_check: XorCheck, monkeypatch: pytest.MonkeyPatch
):
    calls = trained()
    monkeypatch.setenv("COLUMNS", "20")
    done = xor_check("compare", "--table")
    assert (done.code, done.err, calls) == (0, "", [])
    assert SETTING in done.out
    for row in TRANSLATIONS:
        assert f"\n{row.name}\n" in done.out
        assert f"functional\n\n{row.functional}\nnn.Module\n\n{row.module}" in done.out


def test_the_table_as_json_holds_what_can_be_run(xor_check: XorCheck):
    content = json.loads(xor_check("compare", "--table", "--json").out)
    assert [row["name"] for row in content["translations"]] == [row.name for row in TRANSLATIONS]
    names: dict[str, Any] = {}
    exec(content["setting"] + content["translations"][0]["functional"], names)
    assert set(content["translations"][0]["gives"]) <= names.keys()


def test_what_the_library_warns_of_is_a_sentence_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, xor_check: XorCheck
):
    def compare_styles(key: torch.Tensor, **options: Any) -> Comparison:
        for _ in range(2):
            warnings.warn("training runs 'eager' instead of 'traced'.", stacklevel=1)
        return comparison()

    monkeypatch.setattr(xorfunc.compare, "compare_styles", compare_styles)
    done = xor_check("compare", "--json")
    assert done.err == "xor-check: training runs 'eager' instead of 'traced'.\n"
    assert json.loads(done.out)["passed"]


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (["--table", "--out", "x"], "leave out --out and --compiled"),
        (["--table", "--compiled"], "leave out --out and --compiled"),
        (["--seed", str(2**63)], "choose a smaller one"),
        (["--compiled"], "install one"),
    ],
)
def test_a_wrong_call_says_the_way_out(
    trained: Callable[..., Calls],
    xor_check: XorCheck,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    way_out: str,
):
    monkeypatch.setattr("xorfunc.backends.has_compiler", lambda: False)
    calls = trained()
    done = xor_check("compare", *arguments)
    assert (done.code, done.out, calls) == (2, "", [])
    assert way_out in done.err
    assert "Traceback" not in done.err


def test_help_imports_nothing_heavy():
    code = "import sys; from checker.cli import compare; print({'torch', 'rich', 'matplotlib'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "set()\n"


def test_a_device_that_is_not_there_is_refused_and_one_that_is_decides_where_keys_are(trained, xor_check: XorCheck):
    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    calls = trained()
    assert xor_check("compare", "--device", "cpu", "--json").code == 0
    assert len(calls) == 1
    refused = xor_check("compare", "--device", "cuda")
    assert refused.code == 2
    assert "no CUDA device" in refused.err
    assert len(calls) == 1
