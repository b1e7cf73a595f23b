"""What became of a student's examples, as a student reads it: valid or not, and how many mistakes they would notice."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from checker.examples import Misunderstood, Tried
from checker.report.marks import harmless, mark


class Rehearsal:
    """Shows one file of examples: `start`, a `line` a function, then `finish`."""

    def __init__(self, *, color: bool = True) -> None:
        self._console = Console(color_system="auto" if color else None, highlight=False, markup=False)
        self._width = 0

    def start(self, exercise: str, file: str, functions: Sequence[str]) -> None:
        """Say what is tried, and make room for the longest name."""
        self._width = max(map(len, functions), default=0)
        self._console.print(Text.assemble((exercise, "bold"), "  ", self._safe(file)), soft_wrap=True)

    def line(self, tried: Tried) -> None:
        """Show one function."""
        status = "failed" if tried.misunderstood else "todo" if tried.missed or not tried.examples else "passed"
        style = {"failed": "red", "todo": "yellow"}.get(status, "green")
        head = Text.assemble(
            "  ", (mark(status, self._console.file), style), f" {tried.function.ljust(self._width)}  ", _counts(tried)
        )
        self._console.print(head, soft_wrap=True)

    def finish(self, exercise: str, tried: Sequence[Tried], file: str) -> None:
        """Explain what is misunderstood, say what was not thought of, and what to do next."""
        for one in tried:
            for wrong in one.misunderstood:
                self._misunderstood(one.function, wrong)
        open_questions = [one for one in tried if one.valid and one.missed]
        if open_questions:
            self._console.print()
            self._paragraph("No example would notice yet:")
            for one in open_questions:
                for slug in one.missed:
                    self._paragraph(f"  {one.function}: {slug.replace('_', ' ')}")
        caught, known = sum(len(one.caught) for one in tried), sum(len(one.caught) + len(one.missed) for one in tried)
        valid, examples = sum(one.valid for one in tried), sum(one.examples for one in tried)
        summary = f"{valid} of {examples} examples valid, {caught} of {known} known mistakes caught"
        done = all(one.holds for one in tried)
        self._console.print()
        self._console.print(Text(summary, style="green bold" if done else "bold"), soft_wrap=True)
        beyond = sum(one.beyond for one in tried)
        if beyond:
            mistakes = "One more mistake shows" if beyond == 1 else f"{beyond} more mistakes show"
            self._paragraph(f"{mistakes} in no result, but in what a call changes or needs: the check looks at that.")
        self._paragraph(self._next(exercise, tried, file))

    def _misunderstood(self, function: str, wrong: Misunderstood) -> None:
        self._console.print()
        self._console.print(Text(f"{function}, line {wrong.line}", style="bold"))
        self._paragraph(wrong.message)
        self._console.print(Text(f"\n{self._safe(wrong.text)}\n"), soft_wrap=True)
        self._console.print(Text.assemble(("the example says:   ", "dim"), self._safe(wrong.said)), soft_wrap=True)
        self._console.print(Text.assemble(("a right answer has: ", "dim"), self._safe(wrong.given)), soft_wrap=True)

    def _next(self, exercise: str, tried: Sequence[Tried], file: str) -> str:
        wrong = next((one for one in tried if one.misunderstood), None)
        if wrong is not None:
            return f"Next: read again what {wrong.function} should do, then change the example in {file}."
        bare = next((one for one in tried if not one.examples and one.missed), None)
        missed = next((one for one in tried if one.missed and one.valid), None)
        if missed is not None:
            return f"Next: an example for {missed.function} in which such a mistake would give another result."
        if bare is not None:
            return f"Next: an example for {bare.function} in {file}."
        return f"Your examples know the task. Next: write the functions, then xor-check {exercise}"

    def _paragraph(self, text: str) -> None:
        indent = len(text) - len(text.lstrip())
        for part in Text(self._safe(text.lstrip())).wrap(self._console, max(20, self._console.width - indent)):
            part.rstrip()
            self._console.print(Text.assemble(" " * indent, part), soft_wrap=True)

    def _safe(self, text: str) -> str:
        return harmless(text, self._console.file)


def _counts(tried: Tried) -> str:
    if not tried.examples:
        return "no example yet"
    valid = f"{tried.valid} of {tried.examples} valid" if tried.misunderstood else f"{tried.examples} valid"
    known = len(tried.caught) + len(tried.missed)
    return f"{valid}, caught {len(tried.caught)} of {known}" if known else valid
