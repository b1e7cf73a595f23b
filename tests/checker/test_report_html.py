"""The page and the part that a notebook shows: well formed, harmless, complete, and of one piece."""

import re
from html.parser import HTMLParser

from hypothesis import given

from checker.report import html
from checker.report.invitation import Invitation
from checker.verdict import Report, Verdict
from tests.checker.reports import DONE, REPORT, reports

VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page, and finds out whether every element that is opened is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


@given(reports)
def test_any_report_is_a_well_formed_page_without_any_request(report: Report):
    text = html.page([report, DONE])
    page = Page(text)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "link", "iframe", "object", "base", "form"})
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("src", "style", "action") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import", text.partition("</style>")[0])


def test_every_function_is_told_with_mark_word_and_name():
    page = Page(html.page([REPORT]))
    for verdict in REPORT.verdicts:
        word = "to do" if verdict.status == "todo" else verdict.status
        assert re.search(rf"[✓…✗]\s+{word}\s+{verdict.name}", page.text)
    for part in ("double(y)", "got:      3", "xor-check exercise1 double --replay 1.a.b", "line 3, in raised"):
        assert part in page.text


def test_a_list_of_exercises_marks_what_failed_and_what_is_only_to_do():
    todo = Report("exercise3", "cpu", 0, (Verdict("f", "todo", "still to write"),), 0.1)
    marks = re.findall(r"([✓…✗])\s+(exercise\d): ", Page(html.page([REPORT, DONE, todo])).text)
    assert marks == [("✗", "exercise1"), ("✓", "exercise2"), ("…", "exercise3")]


def test_what_fails_is_open_and_all_else_is_folded():
    text = html.fragment(REPORT, hints={}, call=Invitation())
    opened = re.findall(r"<details( open)?>\s*<summary><span .*?<code>(\w+)</code>", text)
    assert {name for state, name in opened if not state} == {"rows", "watched", "columns"}
    assert len(opened) == len(REPORT.verdicts)


def test_harmful_text_is_shown_as_text():
    text = html.page([REPORT])
    assert "<script" not in text
    assert not set(text) & {"\x00", "\x1b", "\u202e", "\ud800", "\x85"}
    assert "<script src='http://x.example/a.js'>alert(1)</script> & ]]> \\x00\\x1b[31m" in Page(text).text


def test_what_stands_in_backticks_is_code():
    assert "<code>double</code> changes its argument." in html.page([REPORT])


def test_a_page_is_accessible():
    page = Page(html.page([REPORT, DONE]))
    assert ("html", {"lang": "en"}) in page.tags
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("main"), tags.count("h1"), tags.count("h2"), tags.count("title")) == (1, 1, 2, 1)
    targets = {attributes.get("id") for _, attributes in page.tags}
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} == {"#exercise1", "#exercise2"}
    assert {"exercise1", "exercise2"} <= targets
    for tag, attributes in page.tags:
        if tag == "pre":  # it scrolls: a keyboard must reach it, and a reader must say what it is
            assert attributes["tabindex"] == "0"
            assert attributes["aria-label"]


def test_the_part_for_a_notebook_has_hints_its_own_calls_and_its_own_style():
    text = html.fragment(REPORT, hints={"double": ["Look `here`.", "x + x"]}, call=Invitation("notebook"))
    page = Page(text)
    assert "Hint 1 of 2" in page.text
    assert "Look <code>here</code>." in text
    assert 'check("exercise1", "double", replay="1.a.b")' in page.text
    selectors = re.findall(r"^\.?[\w-]+(?= )", text.partition("</style>")[0], re.MULTILINE)
    assert set(selectors) == {".xor-report"}
