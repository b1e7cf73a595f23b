import json

import pytest

from checker.report import json as report_json
from checker.verdict import Failure, Report, Verdict

FAILED = Verdict(
    "rows",
    "failed",
    "rows(x) gave 3\n☃ \x1b[31m \udcff",
    0.12345,
    (Failure("values", "one", "rows(x)"), Failure("pure", "two", "rows(y)")),
    "transposed",
    "The other size.",
    printed="noise",
)
REPORT = Report("exercise1", "cpu", 7, (FAILED, Verdict("columns", "passed", "", 0.5)), 1.23456)


def test_the_object_has_the_fixed_keys_and_the_first_failure():
    assert json.loads(report_json.one(REPORT)) == {
        "exercise": "exercise1",
        "device": "cpu",
        "seed": 7,
        "passed": False,
        "score": 1,
        "max_score": 2,
        "seconds": 1.235,
        "functions": [
            {
                "name": "rows",
                "status": "failed",
                "message": FAILED.message,
                "law": "values",
                "misconception": "transposed",
                "counterexample": "rows(x)",
                "seconds": 0.123,
            },
            {
                "name": "columns",
                "status": "passed",
                "message": "",
                "law": None,
                "misconception": None,
                "counterexample": None,
                "seconds": 0.5,
            },
        ],
    }


def test_a_course_is_a_list_of_the_same_objects():
    content = json.loads(report_json.many([REPORT, REPORT]))
    assert content == {"exercises": [json.loads(report_json.one(REPORT))] * 2}


def test_the_text_is_ascii_whatever_was_printed():
    assert report_json.one(REPORT).isascii()
    assert "\x1b" not in report_json.one(REPORT)


def test_numbers_that_json_lacks_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        report_json.one(Report("exercise1", "cpu", 0, (), float("nan")))
