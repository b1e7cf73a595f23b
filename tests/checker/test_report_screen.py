"""Frames that fit, whatever the window."""

from hypothesis import given
from hypothesis import strategies as st

from checker.report import screen

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
