"""A report as a student reads it: a line a function as soon as it is known, then what fails, then what to do.

Colour only repeats what words and marks say. Code stands at the left edge, unwrapped, so that it can be
pasted. Whatever came out of a student's code is shown as harmless text.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from checker.report.invitation import Invitation
from checker.report.marks import condensed, harmless, mark, shows
from checker.verdict import Failure, Report, Verdict

STYLES = {"passed": "green", "todo": "yellow"}
"""Of a status; every other one is red."""

OPEN = ("passed", "todo")
"""Statuses that need no explanation."""


class Terminal:
    """Shows one exercise: `start`, a `line` a verdict, then `finish`."""

    def __init__(
        self,
        *,
        color: bool = True,
        verbose: bool = False,
        console: Console | None = None,
        invitation: Invitation | None = None,
    ) -> None:
        self._console = console or Console(color_system="auto" if color else None)
        self._verbose = verbose
        self._call = invitation or Invitation()
        self._width = 0
        self._last = ""

    def start(self, exercise: str, file: str, functions: Sequence[str]) -> None:
        """Say what is checked, and make room for the longest name."""
        self._width = max(map(len, functions), default=0)
        self._last = ""
        self._console.print(Text.assemble((exercise, "bold"), "  ", self._safe(file)), soft_wrap=True)

    def line(self, verdict: Verdict) -> None:
        """Show one function: mark, name, status, and the first line of what there is to say."""
        style = STYLES.get(verdict.status, "red")
        stream = self._console.file
        head = Text.assemble(
            "  ",
            (mark(verdict.status, stream), style),
            f" {verdict.name.ljust(self._width)}  ",
            (f"{verdict.status:{len('crashed')}}  ", style),
        )
        message = verdict.message.partition("\n")[0]
        if message and message == self._last:
            # A file that cannot be imported says so once, not for every function.
            message = "" if verdict.status == "todo" else "(the same)"
        elif message:
            self._last = message
        self._hanging(head, self._safe(message))

    def finish(self, report: Report, *, after: str | None, total: int) -> None:
        """Explain the first function that fails, or all of them, and end with the next step.

        Args:
            report: what was found.
            after: the next exercise, if there is one.
            total: how many functions the exercise has, more than the report where only one was asked for.
        """
        failing = [verdict for verdict in report.verdicts if verdict.status not in OPEN]
        explained: set[str] = set()
        for verdict in failing if self._verbose else failing[:1]:
            if verdict.failures or verdict.message not in explained:
                self.explain(report.exercise, verdict)
            explained.add(verdict.message)
        for verdict in report.verdicts:
            if verdict.status in OPEN and verdict.printed and (self._verbose or len(report.verdicts) == 1):
                self._rule(verdict.name)
                self._printed(verdict)
        self._console.print()
        self._console.print(self._summary(report))
        self._console.print(Text(self._next(report, failing, after, total)), soft_wrap=True)

    def explain(self, exercise: str, verdict: Verdict) -> None:
        """Show what there is to say of one function: what was called, what was expected and what came."""
        failures = verdict.failures if self._verbose else verdict.failures[:1]
        self._rule(f"{verdict.name}: {failures[0].law if failures else verdict.status}")
        self._paragraph(verdict.message.strip())
        if verdict.advice:
            self._paragraph(verdict.advice, style="bold")
        for position, failure in enumerate(failures):
            if position:
                self._rule(f"{verdict.name}: {failure.law}")
            if failure.message != verdict.message:
                self._paragraph(failure.message)
            self._failure(failure)
            if position and failure.again:
                self._next_steps(self._again(exercise, verdict, failure))
        if verdict.traceback and not (verdict.status == "invalid" and "\n" in verdict.message):
            # The message of a syntax error shows line and caret already.
            self._block("your code, down to the line that raised:", verdict.traceback)
        self._printed(verdict)
        self._next_steps(
            f"hint: xor-check hint {exercise} {verdict.name}" if verdict.hints else "",
            self._again(exercise, verdict, failures[0]) if failures else "",
        )

    def _next_steps(self, *steps: str) -> None:
        taken = [step for step in steps if step]
        if taken:
            self._console.print(Text("\n" + "\n".join(taken)), soft_wrap=True)

    def _again(self, exercise: str, verdict: Verdict, failure: Failure) -> str:
        return f"again: {self._call.replay(exercise, verdict.name, failure.again)}" if failure.again else ""

    def _failure(self, failure: Failure) -> None:
        if failure.counterexample:
            self._block("called:", failure.counterexample)
        if failure.expected or failure.got:
            self._console.print()
        self._pair("expected: ", failure.expected)
        self._pair("got:      ", failure.got)
        if failure.where:
            self._block("where they differ:", failure.where)

    def _pair(self, title: str, text: str | None) -> None:
        """What was expected or what came, beside its title where it is short."""
        if text and "\n" in text:
            self._block(title.rstrip(), text)
        elif text:
            self._console.print(Text.assemble((title, "dim"), self._safe(text)), soft_wrap=True)

    def _printed(self, verdict: Verdict) -> None:
        if verdict.printed.strip():
            self._block("printed by your code:", condensed(verdict.printed))

    def _rule(self, title: str) -> None:
        line = "─" if shows("─", self._console.file) else "-"
        self._console.print()
        self._console.print(Rule(Text(self._safe(title), style="bold"), align="left", characters=line, style="dim"))

    def _paragraph(self, text: str, style: str = "") -> None:
        for line in Text(self._safe(text), style=style).wrap(self._console, self._console.width):
            line.rstrip()
            self._console.print(line, soft_wrap=True)

    def _block(self, title: str, text: str) -> None:
        self._console.print()
        self._console.print(Text(title, style="dim"))
        self._console.print(Text(self._safe(text)), soft_wrap=True)

    def _hanging(self, head: Text, message: str) -> None:
        """A line whose message goes on beside itself, or below the name where there is little room."""
        indent = head.cell_len
        narrow = self._console.width - indent < 24
        lines = Text(message).wrap(self._console, self._console.width - (6 if narrow else indent))
        if narrow or not message:
            head.rstrip()
            self._console.print(head, soft_wrap=True)
        for position, line in enumerate(lines if message else ()):
            line.rstrip()
            start = Text(" " * 6) if narrow else head if position == 0 else Text(" " * indent)
            self._console.print(Text.assemble(start, line), soft_wrap=True)

    def _summary(self, report: Report) -> Text:
        style = "green bold" if report.passed else "bold"
        return Text.assemble((report.counted, style), f"  ({report.seconds:.1f} s, {report.device})")

    def _next(self, report: Report, failing: Sequence[Verdict], after: str | None, total: int) -> str:
        exercise, verdicts = report.exercise, report.verdicts
        if failing:
            if failing[0].status == "invalid":
                return f"Next: change {self._safe(report.file)}, then {self._call.check(exercise)}"
            return f"Next: change {failing[0].name}, then {self._call.check(exercise, failing[0].name)}"
        for verdict in verdicts:
            if not verdict.passed:
                return f"Next: write {verdict.name}, then {self._call.check(exercise, verdict.name)}"
        if len(verdicts) < total:
            return f"Next: {self._call.check(exercise)}, which checks all {total} functions"
        if after:
            return f"{exercise} is done. Next: {self._call.check(after)}"
        return f"{exercise} is done, and it is the last one. xor-check shows where you are."

    def _safe(self, text: str) -> str:
        return harmless(text, self._console.file)
