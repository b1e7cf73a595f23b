"""What somebody who watches an exercise has in view, and what they can do next. Pure: data in, data out.

A view begins when a file is saved or another exercise is turned to, and says what to check in which order: first the
function that is being worked on, which is one that was changed since its last check, else the one that was in view,
else the first that has not passed. Verdicts come in one by one; `keys` says which keys make sense at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from checker.course import Exercise
from checker.draft import Draft
from checker.progress import Memory, Progress
from checker.verdict import Report, Verdict

NOT_FAILED = ("passed", "todo")
"""Statuses that nobody has to be told of when they were not working on that function."""

Page = Literal["report", "list", "solution"]


@dataclass(frozen=True)
class Key:
    """A key that makes sense now, and what it does."""

    letter: str
    words: str


@dataclass(frozen=True)
class View:
    """One exercise, as far as it is known, and the function that it is about."""

    exercise: Exercise
    focus: str
    draft: Draft
    source: bytes | None
    """The student's file; None where there is none."""
    changed: tuple[str, ...] = ()
    """The functions that were changed since their last check."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])
    """The last that is known of each function."""
    passed_before: frozenset[str] = frozenset()
    pending: tuple[str, ...] = ()
    """The functions that are being checked, in their order."""
    seconds: float = 0.0
    at: str = ""
    """When the last check was complete, by the clock on the wall."""
    page: Page = "report"
    hints: tuple[str, ...] = ()
    """Those for the focus that were asked for here."""
    sure: bool = True
    """False while it is asked whether the answer shall really be shown."""

    @property
    def unfinished(self) -> list[str]:
        """The functions that have not passed, as far as is known."""
        return [name for name in self.exercise.functions if not self.has_passed(name)]

    def has_passed(self, name: str) -> bool:
        """Whether a function passed when it was last checked."""
        return name in self.verdicts and self.verdicts[name].passed

    @property
    def is_usable(self) -> bool:
        """Whether the file is there and can be imported, as far as is known: otherwise no function has a verdict."""
        known = [self.verdicts[name] for name in self.exercise.functions if self.verdict(name)]
        alike = len({verdict.message for verdict in known}) == 1 and len(known) == len(self.exercise.functions)
        return self.source is not None and not (alike and all(verdict.status == "invalid" for verdict in known))

    def verdict(self, name: str) -> Verdict | None:
        """The verdict on the file as it is now; None while it is not known."""
        return None if name in self.pending else self.verdicts.get(name)


def opened(
    exercise: Exercise,
    draft: Draft,
    source: bytes | None,
    remembered: Progress,
    *,
    before: View | None = None,
    focus: str | None = None,
) -> View:
    """Give the view of an exercise whose file was saved, or that was turned to.

    Args:
        exercise: what is in view.
        draft: what the text of its file shows.
        source: its file.
        remembered: what is known of earlier checks.
        before: the view before, if it was of the same exercise.
        focus: the function that was asked for, if one was.
    """
    changed = tuple(
        name
        for name in exercise.functions
        if _is_changed(draft, name, remembered.of(exercise, name)) and source is not None
    )
    verdicts = before.verdicts if before else {}
    view = View(exercise, exercise.functions[0], draft, source, changed, verdicts)
    passed = frozenset(name for name in exercise.functions if remembered.of(exercise, name).status == "passed")
    candidates = [
        *([focus] if focus else changed),
        *([before.focus] if before and not before.has_passed(before.focus) else []),
        *(name for name in exercise.functions if name not in passed),
        *([before.focus] if before else []),
        *exercise.functions,
    ]
    first = candidates[0]
    same = before is not None and before.focus == first
    return replace(
        view,
        focus=first,
        passed_before=passed,
        hints=before.hints if before and same else (),
        pending=() if source is None else in_order(exercise, [first, *changed]),
    )


def in_order(exercise: Exercise, first: Sequence[str]) -> tuple[str, ...]:
    """All functions of an exercise, some of them first."""
    return tuple(dict.fromkeys([*first, *exercise.functions]))


def judged(view: View, verdict: Verdict) -> View:
    """Give the view with one verdict more."""
    return replace(
        view,
        verdicts={**view.verdicts, verdict.name: verdict},
        pending=tuple(name for name in view.pending if name != verdict.name),
    )


def finished(view: View, report: Report, at: str) -> View:
    """Give the view at the end of a check, and the time on the clock.

    It moves to a function that fails now and was changed or passed before, where the one in view is all right.
    """
    view = replace(view, pending=(), seconds=report.seconds, at=at)
    if not view.has_passed(view.focus):
        return view
    concerned = {*view.changed, *view.passed_before}
    failing = [
        verdict.name
        for verdict in view.verdicts.values()
        if verdict.status not in NOT_FAILED and verdict.name in concerned
    ]
    return turned(view, failing[0]) if failing else view


def turned(view: View, focus: str) -> View:
    """Give the view of another function of the same exercise."""
    return view if focus == view.focus else replace(view, focus=focus, hints=(), page="report", sure=True)


def next_function(view: View) -> str | None:
    """The next function that has not passed, around the exercise; None where there is no other one."""
    functions = view.exercise.functions
    place = functions.index(view.focus)
    around = [*functions[place + 1 :], *functions[:place]]
    return next((name for name in around if name in view.unfinished), None)


def keys(view: View, *, hints_left: int, num_hints: int, following: str | None) -> list[Key]:
    """The keys that make sense now, in the order in which they are shown.

    Args:
        view: what is in view.
        hints_left: how many hints for the focus have not been seen.
        num_hints: how many there are.
        following: the exercise that comes next, if this one leaves nothing to do.
    """
    passed = view.has_passed(view.focus)
    found: list[Key] = []
    goal = next_function(view) or following
    if goal is not None and (view.is_usable or view.page != "report"):
        found.append(Key("n", f"next: {goal}"))
    if view.page == "report" and not passed and hints_left and view.is_usable:
        found.append(Key("h", f"hint ({hints_left} left)" if hints_left < num_hints else "hint"))
    if view.page == "solution":
        found.append(Key("s", "back"))
    elif view.page == "report" and (passed or not hints_left) and view.is_usable:
        found.append(Key("s", "solution" if view.sure else "yes, show the answer"))
    found.append(Key("l", "back" if view.page == "list" else "list"))
    if view.source is not None and view.page == "report":
        found.append(Key("r", "again"))
    return [*found, Key("q", "quit")]


def _is_changed(draft: Draft, name: str, memory: Memory) -> bool:
    """Whether a function is not as it was when it was last checked; a stub that never was is as it was."""
    writing = draft.writing.get(name)
    if writing == "broken" or (memory.source is None and writing != "written"):
        return False
    return draft.hashes.get(name) != memory.source
