"""What is kept of a check."""

import json
from dataclasses import replace

from hypothesis import given

from checker import replay
from checker.grading import record
from checker.report import json as report_json
from checker.verdict import Failure, Report, Verdict
from tests.checker.grading.filled_store import TOKEN
from tests.checker.reports import reports


def without_tokens(report: Report) -> Report:
    verdicts = tuple(
        replace(verdict, failures=tuple(replace(failure, again=None) for failure in verdict.failures))
        for verdict in report.verdicts
    )
    return replace(report, verdicts=verdicts)


@given(reports.map(without_tokens))
def test_a_record_is_the_printed_object_and_more_and_says_no_seed(report: Report):
    kept = record.of(report)
    assert kept["seed"] is None
    printed = report_json.to_object(report)
    for name in set(printed) - {"seed", "functions"}:
        assert kept[name] == printed[name]
    for more, function in zip(kept["functions"], printed["functions"], strict=True):
        assert more.items() >= function.items()
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept


@given(reports.map(without_tokens))
def test_a_record_and_the_record_of_what_it_restores_are_equal(report: Report):
    kept = record.of(report)
    again = record.of(record.restored(kept))
    assert [again[name] for name in again if name != "functions"] == [
        kept[name] for name in kept if name != "functions"
    ]
    for one, other in zip(kept["functions"], again["functions"], strict=True):
        assert {name: one[name] for name in one if name != "printed"} == {
            name: other[name] for name in other if name != "printed"
        }


def test_what_the_command_prints_is_restored_as_well():
    report = Report("exercise1", "cpu", 3, (Verdict("rows", "failed", "no", failures=(Failure("agrees", "no"),)),), 0.5)
    restored = record.restored(report_json.to_object(report))
    assert restored.verdicts[0].failures[0].law == "agrees"
    assert restored.seed == 3


def test_a_token_is_made_out_for_no_seed_and_still_repeats_the_case():
    secret = replace(replay.read(TOKEN), seed=123456789).token
    verdict = Verdict("hvp", "failed", "no", failures=(Failure("agrees", "no", again=secret),))
    kept = record.of(Report("exercise3", "cpu", 123456789, (verdict,), 0.5))
    assert "123456789" not in json.dumps(kept)
    assert replay.read(kept["functions"][0]["replay"]) == replay.read(TOKEN)
