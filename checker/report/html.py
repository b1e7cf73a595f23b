"""A report as HTML: a page of its own to keep or hand on, or the part of it that a notebook shows.

The page asks nothing of any other place, follows the reader's light or dark setting, and folds what needs no
attention. Whatever came out of a student's code is escaped by the template and made harmless before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from checker.report.invitation import Invitation
from checker.report.marks import MARKS, condensed, harmless
from checker.verdict import Report

Hints = Mapping[str, Sequence[str]]


def page(reports: Sequence[Report]) -> str:
    """One self-contained page.

    Args:
        reports: one an exercise.
    """
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    counted = f"{sum(verdict.passed for verdict in verdicts)} of {len(verdicts)} functions passed"
    heading = counted if len(reports) != 1 else f"Check of {reports[0].exercise}"
    template = environment().get_template("page.html.jinja")
    return template.render(
        title=f"xor-check: {counted}", heading=heading, reports=reports, hints={}, call=Invitation(), note=""
    )


def fragment(report: Report, *, hints: Hints, call: Invitation, note: str = "") -> str:
    """One exercise as a part of another page, in the colours of that.

    Args:
        report: what was found.
        hints: of its functions, each to be unfolded after the other.
        call: how to ask again.
        note: a last sentence.
    """
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    body = environment().get_template("exercise.html.jinja").render(report=report, hints=hints, call=call, note=note)
    return f"<style>\n{style}</style>\n{body}"


@cache
def environment() -> Environment:
    """Give what renders the templates of this folder."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters.update({"harmless": harmless, "condensed": _condensed, "mark": _mark, "sentence": _sentence})
    return environment


def _condensed(printed: str) -> str:
    return harmless(condensed(printed))


def _mark(status: str) -> str:
    return MARKS.get(status, MARKS["failed"])[0]


def _sentence(text: str) -> Markup:
    """Text for a paragraph, where what stands in backticks is code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(harmless(text)))))
