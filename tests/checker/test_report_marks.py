import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.report.marks import bar, harmless, mark


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@given(st.text(), st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]))
def test_no_text_steers_a_terminal_or_breaks_an_encoding(text: str, encoding: str):
    shown = harmless(text, stream(encoding))
    shown.encode(encoding)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"} for char in shown if char not in "\n\t")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text: str):
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [
        ("utf-8", {"passed": "✓", "todo": "…", "failed": "✗", "timeout": "✗"}),
        ("ascii", {"passed": "ok  ", "todo": "todo", "failed": "FAIL", "timeout": "FAIL"}),
        ("cp1252", {"passed": "ok  ", "todo": "todo", "failed": "FAIL", "timeout": "FAIL"}),
    ],
)
def test_marks_are_all_of_one_kind(encoding: str, marks: dict[str, str]):
    assert {status: mark(status, stream(encoding)) for status in marks} == marks


def test_marks_fall_back_where_there_is_no_output():
    assert mark("passed", None) == "ok  "


@given(st.integers(1, 40), st.data())
def test_a_bar_is_full_only_at_the_end_and_empty_only_at_the_start(total: int, data: st.DataObject):
    done = data.draw(st.integers(0, total))
    shown = bar(done, total, 12, stream("ascii"))
    assert len(shown) == 12
    assert (shown == "#" * 12) == (done == total)
    assert (shown == "." * 12) == (done == 0)


def test_a_bar_of_nothing_is_empty():
    assert bar(0, 0, 4, None) == "...."
