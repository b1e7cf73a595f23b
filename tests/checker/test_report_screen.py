"""Frames that fit, whatever the window."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from checker import course, draft
from checker.report import screen
from checker.verdict import Failure, Verdict
from checker.watching import Key, View
from tests.checker.tiny_course import write_tiny_course

lines = st.lists(st.text(alphabet="ab", max_size=50), max_size=30)


@given(
    head=lines,
    body=lines,
    foot=lines.filter(lambda foot: len(foot) < 3),
    width=st.integers(1, 60),
    rows=st.integers(12, 60),
)
def test_a_frame_has_as_many_rows_as_there_are_and_always_its_foot(
    head: list[str], body: list[str], foot: list[str], width: int, rows: int
):
    foot = [line[:width] for line in foot]
    frame = screen.fitted(head, body, foot, width, rows, "more")
    assert sum(max(1, -(-len(line) // width)) for line in frame) < rows
    assert frame[len(frame) - len(foot) :] == foot


@given(body=lines.filter(bool))
def test_what_fits_is_shown_whole(body: list[str]):
    assert screen.fitted(["head"], body, ["foot"], 60, 60, "") == ["head", *body, "foot"]


def test_the_middle_is_what_gives_way():
    body = [f"line {number}" for number in range(20)]
    frame = screen.fitted(["head"], body, ["foot"], 80, 10, "xor-check 3 hvp")
    assert frame[0] == "head"
    assert frame[1] == "line 0"
    assert "[... 14 lines more: xor-check 3 hvp]" in frame
    assert frame[-2:] == ["line 19", "foot"]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 24), (34, 12), (16, 12), (20, 8)])
@pytest.mark.parametrize("color", ["truecolor", None])
def test_a_view_of_any_kind_fits_any_window(tmp_path: Path, columns: int, rows: int, color: str | None):
    tiny = course.find(write_tiny_course(tmp_path / "tiny")).exercises[0]
    failure = Failure("agrees", "rows is 3, not 2", "rows(x)\n" * 40, expected="2 " * 60, got="3")
    verdicts = {
        "rows": Verdict("rows", "failed", "rows is 3, not 2, " * 9, failures=(failure,), printed="hello\n"),
        "columns": Verdict("columns", "todo", "waits for `rows`, which is still to write"),
        "double": Verdict("double", "passed", ""),
    }
    keys = [Key("n", "next: columns"), Key("h", "hint (2 left)"), Key("q", "quit")]
    text = draft.of(tiny, "")
    for focus in (*verdicts, "pending", "gone", "broken"):
        view = View(tiny, focus if focus in verdicts else "rows", text, b"", verdicts=verdicts)
        if focus == "pending":
            view = replace(view, pending=("rows", "double"))
        elif focus == "gone":
            view = replace(view, source=None)
        elif focus == "broken":
            view = replace(view, verdicts={name: Verdict(name, "invalid", "no Python") for name in verdicts})
        console = Console(file=StringIO(), width=columns, height=rows, color_system=color, force_terminal=True)
        frame = screen.compose(console, view, keys, file="exercises/exercise1_shapes.py", extra="hint 1: look " * 5)
        plain = [Text.from_ansi(line).plain for line in frame]
        assert sum(max(1, -(-len(line) // columns)) for line in plain) < rows
        assert all(len(line) <= columns for line in plain if line.startswith("  "))  # a function has one row
        assert plain[-1].endswith("q quit")
        assert color or "\x1b" not in "".join(frame)
