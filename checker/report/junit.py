"""A report as JUnit's XML, for the programs that collect test results: a suite an exercise, a case a function.

What did not hold is a failure; what raised, hung or crashed is an error; what is still to write was skipped. The
elements and attributes are those that Jenkins and Maven Surefire both know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
    return document([suite(report, report.exercise, {"seed": str(report.seed)}) for report in reports])


def document(suites: Iterable[Element]) -> str:
    """The document of any suites."""
    root = Element("testsuites", {"name": "xor-check"})
    root.extend(suites)
    root.attrib.update(_counts(root))
    for element in root.iter():
        element.text = element.text and UNSPEAKABLE.sub("", element.text)
        element.attrib.update({name: UNSPEAKABLE.sub("", value) for name, value in element.items()})
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def suite(report: Report, name: str, facts: Mapping[str, str]) -> Element:
    """The suite of one exercise.

    Args:
        report: what was found.
        name: of the suite.
        facts: what else is known, by name.
    """
    suite = Element("testsuite", {"name": name})
    properties = SubElement(suite, "properties")
    for fact, value in {"file": report.file, "device": report.device, **facts}.items():
        SubElement(properties, "property", {"name": fact, "value": value})
    for verdict in report.verdicts:
        _case(suite, report.exercise, verdict)
    return counted(suite, report.seconds)


def counted(suite: Element, seconds: float) -> Element:
    """The suite, with the numbers of its cases and their time."""
    numbers = {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")}
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(numbers["failure"]))
    suite.set("errors", str(numbers["error"]))
    suite.set("skipped", str(numbers["skipped"]))
    suite.set("time", _time(seconds))
    return suite


def _counts(suites: Iterable[Element]) -> dict[str, str]:
    suites = list(suites)
    counts = {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "failures", "errors")}
    return counts | {"time": _time(sum(float(suite.get("time", "0")) for suite in suites))}


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
