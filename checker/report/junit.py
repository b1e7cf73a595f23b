"""A report as JUnit's XML, for the programs that collect test results: a suite an exercise, a case a function.

What did not hold is a failure; what raised, hung or crashed is an error; what is still to write was skipped. The
elements and attributes are those that Jenkins and Maven Surefire both know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from checker.report.marks import condensed
from checker.report.plain import paragraphs
from checker.verdict import Report, Verdict

ELEMENTS = {"failed": "failure", "missing": "failure", "invalid": "failure", "todo": "skipped"}
"""The element of a status that is not passed; every other one is an `error`."""

UNSPEAKABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, not even escaped."""


def text(reports: Sequence[Report]) -> str:
    """The document of one exercise or more."""
    suites = [_suite(report) for report in reports]
    root = Element("testsuites", {"name": "xor-check", **_counts(suites)})
    root.set("time", _time(sum(report.seconds for report in reports)))
    root.extend(suites)
    for element in root.iter():
        element.text = element.text and UNSPEAKABLE.sub("", element.text)
        element.attrib.update({name: UNSPEAKABLE.sub("", value) for name, value in element.items()})
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(report: Report) -> Element:
    suite = Element("testsuite", {"name": report.exercise})
    properties = SubElement(suite, "properties")
    for name, value in (("file", report.file), ("device", report.device), ("seed", str(report.seed))):
        SubElement(properties, "property", {"name": name, "value": value})
    for verdict in report.verdicts:
        _case(suite, report.exercise, verdict)
    tests = len(report.verdicts)
    numbers = {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")}
    suite.set("tests", str(tests))
    suite.set("failures", str(numbers["failure"]))
    suite.set("errors", str(numbers["error"]))
    suite.set("skipped", str(numbers["skipped"]))
    suite.set("time", _time(report.seconds))
    return suite


def _counts(suites: Sequence[Element]) -> dict[str, str]:
    names = ("tests", "failures", "errors")
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in names}


def _case(suite: Element, exercise: str, verdict: Verdict) -> None:
    case = SubElement(suite, "testcase", {"name": verdict.name, "classname": exercise, "time": _time(verdict.seconds)})
    if not verdict.passed:
        found = SubElement(case, ELEMENTS.get(verdict.status, "error"))
        first = verdict.failures[0] if verdict.failures else None
        found.set("type", verdict.misconception or (first.law if first else verdict.status))
        found.set("message", verdict.message.partition("\n")[0])
        found.text = "\n\n".join(paragraphs(exercise, verdict))
    if verdict.printed.strip():
        SubElement(case, "system-out").text = condensed(verdict.printed)


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
