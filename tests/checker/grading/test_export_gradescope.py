"""Results for Gradescope, held to the format that it documents."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.course import Course, find
from checker.grading import points, record
from checker.grading.export import gradescope
from checker.grading.store import Row, State, Store
from checker.verdict import Failure, Report, Verdict
from tests.checker.grading.filled_store import FUNCTIONS, TOKEN, every_state
from tests.checker.reports import reports
from tests.checker.tiny_course import write_tiny_course

SCHEMA = json.loads(Path(__file__).with_name("gradescope.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return find(write_tiny_course(tmp_path_factory.mktemp("course")))


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def read(text: str) -> dict[str, Any]:
    """The results, as Gradescope would read them, if all that must hold of them holds."""
    found = json.loads(text, parse_constant=refuse, parse_float=Decimal)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert sum(test["score"] for test in found["tests"]) == found["score"]
    for test in found["tests"]:
        assert test["score"] in (0, test["max_score"])
    return found


def test_every_state_gives_results_that_are_valid_and_add_up(course: Course, tmp_path: Path):
    worth = points.of({"exercises": {"exercise1": Decimal(10)}}, course, FUNCTIONS)
    with Store.open(every_state(tmp_path)) as store:
        found = {row.student: read(gradescope.text(row, worth)) for row in store.rows()}
    assert len(found) == 9
    for results in found.values():
        assert sum(test["max_score"] for test in results["tests"]) == 11
    assert found["alice"]["score"] == 11
    assert found["bob"]["score"] == Decimal("3.34")
    assert [test["status"] for test in found["bob"]["tests"]] == ["passed", "failed", "failed", "failed"]
    assert [test["number"] for test in found["bob"]["tests"]] == ["1.1", "1.2", "1.3", "2.1"]
    assert "This is no mark" in found["grace"]["output"]
    assert found["bob"]["tests"][3]["output"] == gradescope.NO_FILE
    assert found["grace"]["tests"][3]["output"] == gradescope.NOT_GRADED


amounts = st.decimals(0, 1000, places=2)


@given(reports.filter(lambda report: not any(f.again for v in report.verdicts for f in v.failures)), amounts)
def test_any_report_gives_results_that_are_valid_and_add_up(report: Report, amount: Decimal):
    names = list(dict.fromkeys(verdict.name for verdict in report.verdicts))
    worth = points.Points({"exercise1": dict.fromkeys(names, amount)})
    row = Row("alice", "class/alice", State.GRADED, "", {"exercise1": record.of(report)}, {"exercise1": "0" * 64})
    text = gradescope.text(row, worth)
    assert text.isascii()
    found = read(text)
    assert len(found["tests"]) == len(names)


def test_a_failure_says_how_to_repeat_it(course: Course):
    failure = Failure("agrees", "`rows` has wrong values.", "rows(x)", "2", "3", again=TOKEN)
    verdict = Verdict("rows", "failed", failure.message, failures=(failure,), misconception="columns", advice="Look.")
    check = record.of(Report("exercise1", "cpu", 9, (verdict,), 0.5))
    row = Row("alice", "class/alice", State.GRADED, "", {"exercise1": check}, {"exercise1": "0" * 64})
    test = read(gradescope.text(row, points.read(course, FUNCTIONS)))["tests"][0]
    assert test["extra_data"] == {"status": "failed", "law": "agrees", "misconception": "columns", "replay": TOKEN}
    for part in ("`rows` has wrong values.", "Look.", "rows(x)", "got:      3", f"--replay {TOKEN}"):
        assert part in test["output"]


def test_the_longest_output_is_cut(course: Course):
    verdict = Verdict("rows", "error", "x" * 100_000)
    check = record.of(Report("exercise1", "cpu", 9, (verdict,), 0.5))
    row = Row("alice", "class/alice", State.GRADED, "", {"exercise1": check}, {"exercise1": "0" * 64})
    test = read(gradescope.text(row, points.read(course, FUNCTIONS)))["tests"][0]
    assert len(test["output"]) <= gradescope.MOST_OUTPUT + 4
