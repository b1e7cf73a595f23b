"""JUnit's XML, held to what the published schemas of Jenkins and Maven Surefire have in common."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from hypothesis import given

from checker.report import junit
from checker.verdict import Report
from tests.checker.reports import DONE, REPORT, reports

ATTRIBUTES = {  # required ones, then the others
    "testsuites": (set(), {"name", "tests", "failures", "errors", "time"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {"time", "skipped"}),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name"}, {"classname", "time"}),
    "failure": (set(), {"type", "message"}),
    "error": (set(), {"type", "message"}),
    "skipped": (set(), {"type", "message"}),
    "system-out": (set(), set()),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def assert_valid(element: Element) -> None:
    required, other = ATTRIBUTES[element.tag]
    assert required <= set(element.keys()) <= required | other
    if "time" in element.keys():  # noqa: SIM118  (an Element is no dict)
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time", ""))
    for child in element:
        assert child.tag in CHILDREN.get(element.tag, set())
        assert_valid(child)


def document(*reports: Report) -> Element:
    return ElementTree.fromstring(junit.text(reports).encode("utf-8"))


@given(reports)
def test_any_report_is_a_valid_document_with_a_case_a_function(report: Report):
    root = document(report, DONE)
    assert root.tag == "testsuites"
    assert_valid(root)
    assert len(root.findall("testsuite/testcase")) == len(report.verdicts) + 1


def test_every_status_has_its_element_and_the_counts_are_theirs():
    root = document(REPORT, DONE)
    kinds = {case.get("name"): [child.tag for child in case if child.tag != "system-out"] for case in root[0]}
    del kinds[None]
    assert kinds == {
        "rows": [],
        "watched": [],
        "columns": ["skipped"],
        "double": ["failure"],
        "raised": ["error"],
        "slow": ["error"],
        "loud": ["error"],
        "gone": ["failure"],
        "broken": ["failure"],
    }
    assert [root[0].get(name) for name in ("tests", "failures", "errors", "skipped")] == ["9", "3", "3", "1"]
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["10", "3", "3"]


def test_a_failure_tells_all_that_is_known_of_it():
    found = document(REPORT).find("testsuite/testcase[@name='double']/failure")
    assert found is not None
    assert (found.get("type"), found.get("message")) == ("tripled", "`double` has wrong values.")
    for part in ("Three. <script", "double(y)", "got:      3", "again: xor-check exercise1 double --replay 1.a.b"):
        assert part in (found.text or "")


def test_control_characters_are_removed_and_repeated_prints_told_once():
    text = junit.text([REPORT])
    assert not set(text) & {"\x00", "\x1b", "\ud800", "\ufffe"}
    printed = document(REPORT).findtext("testsuite/testcase[@name='watched']/system-out")
    assert printed is not None
    assert printed.endswith("(30 times)")
