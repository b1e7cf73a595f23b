"""What is in view and which keys work, without a terminal and without a check."""

from pathlib import Path

import pytest

from checker import course, draft, progress, watching
from checker.course import Course
from checker.progress import Progress
from checker.verdict import Report, Status, Verdict
from checker.watching import View
from tests.checker.tiny_course import SHAPES_STUB, write_tiny_course

WRITTEN = SHAPES_STUB.replace("raise NotImplementedError", "return x")
FUNCTIONS = ("rows", "columns", "double")


@pytest.fixture
def tiny(tmp_path: Path) -> Course:
    return course.find(write_tiny_course(tmp_path / "tiny"))


def saved(
    tiny: Course, text: str | None, remembered: Progress | None = None, before: View | None = None, **options: str
) -> View:
    exercise = tiny.exercises[0]
    source = None if text is None else text.encode()
    return watching.opened(
        exercise, draft.of(exercise, text or ""), source, remembered or Progress(), before=before, **options
    )


def checked(view: View, **statuses: Status) -> tuple[View, Progress]:
    """The view at the end of a check, and what is remembered of it."""
    verdicts = [Verdict(name, statuses.get(name, "passed"), statuses.get(name, "")) for name in view.pending]
    for verdict in verdicts:
        view = watching.judged(view, verdict)
    report = Report(view.exercise.name, "cpu", 0, tuple(verdicts), 0.5)
    remembered = progress.checked(Progress(), view.exercise, verdicts, view.draft)
    return watching.finished(view, report, "12:00:00"), remembered


def letters(view: View, hints_left: int = 2, following: str | None = "exercise2") -> str:
    keys = watching.keys(view, hints_left=hints_left, num_hints=2, following=following)
    return "".join(key.letter for key in keys)


def test_a_fresh_exercise_begins_with_its_first_function(tiny: Course):
    view = saved(tiny, SHAPES_STUB)
    assert (view.focus, view.pending) == ("rows", FUNCTIONS)


def test_what_was_changed_is_checked_first_and_comes_into_view(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN))
    changed = WRITTEN[: WRITTEN.rindex("return x")] + "return 2 * x\n"
    view = saved(tiny, changed, remembered, first)
    assert (view.focus, view.pending) == ("double", ("double", "rows", "columns"))


def test_without_a_change_the_function_in_view_stays_until_it_passes(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN, focus="columns"), columns="failed", rows="failed")
    assert saved(tiny, WRITTEN, remembered, first).focus == "columns"
    passed, remembered = checked(saved(tiny, WRITTEN, focus="columns"), rows="failed")
    assert saved(tiny, WRITTEN, remembered, passed).focus == "rows"


def test_half_a_line_moves_nothing(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN, focus="columns"), columns="failed")
    broken = saved(tiny, WRITTEN + "def f(:\n", remembered, first)
    assert broken.focus == "columns"
    broken, _ = checked(broken, **dict.fromkeys(FUNCTIONS, "invalid"))
    assert not broken.is_usable
    assert saved(tiny, WRITTEN, remembered, broken).focus == "columns"
    assert saved(tiny, WRITTEN, remembered, broken).changed == ()


def test_a_missing_file_has_nothing_to_check(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN, focus="columns"), columns="failed")
    view = saved(tiny, None, remembered, first)
    assert (view.focus, view.pending, view.changed) == ("columns", (), ())
    assert letters(view) == "lq"


def test_a_function_that_passed_before_and_fails_now_comes_into_view(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN))
    changed = WRITTEN[: WRITTEN.rindex("return x")] + "return 2 * x\n"
    view, _ = checked(saved(tiny, changed, remembered, first), rows="failed")
    assert view.focus == "rows"


def test_a_function_that_failed_all_along_leaves_the_passed_one_in_view(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN), rows="failed", double="failed")
    changed = WRITTEN[: WRITTEN.rindex("return x")] + "return 2 * x\n"
    view, _ = checked(saved(tiny, changed, remembered, first), rows="failed")
    assert view.focus == "double"
    assert watching.next_function(view) == "rows"


def test_next_goes_around_what_has_not_passed(tiny: Course):
    view, _ = checked(saved(tiny, WRITTEN), rows="failed", double="failed")
    seen = [view.focus]
    for _ in range(2):
        view = watching.turned(view, watching.next_function(view) or "")
        seen.append(view.focus)
    assert seen == ["rows", "double", "rows"]


def test_only_keys_that_do_something_are_offered(tiny: Course):
    failed, _ = checked(saved(tiny, WRITTEN), rows="failed", columns="failed")
    assert letters(failed) == "nhlrq"
    assert letters(failed, hints_left=0) == "nslrq"
    only, _ = checked(saved(tiny, WRITTEN), rows="failed")
    assert letters(only, following=None) == "hlrq"
    done, _ = checked(saved(tiny, WRITTEN))
    assert letters(done) == "nslrq"
    assert letters(done, following=None) == "slrq"


def test_a_verdict_counts_for_the_file_that_it_was_given_on(tiny: Course):
    first, remembered = checked(saved(tiny, WRITTEN))
    again = saved(tiny, WRITTEN, remembered, first)
    assert again.verdict("rows") is None
    assert again.has_passed("rows")


def test_hints_that_are_shown_stay_with_their_function(tiny: Course):
    from dataclasses import replace

    view, remembered = checked(saved(tiny, WRITTEN), rows="failed")
    view = replace(view, hints=("Look.",))
    assert saved(tiny, WRITTEN, remembered, view).hints == ("Look.",)
    assert watching.turned(view, "double").hints == ()
