"""What `dev validate` found, as a table and a list of problems."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from checker.validate import Validation

COLUMNS = ("functions", "hints", "alternatives", "misconceptions", "senseless", "verdicts")
WIDTH = 110


def show(found: Sequence[Validation], seeds: int) -> None:
    """Print the table with its totals, then each problem on a line of its own."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), show_footer=len(found) > 1)
    table.add_column("exercise", footer="together")
    for name in COLUMNS:
        table.add_column(name, justify="right", footer=str(sum(getattr(one, name) for one in found)))
    table.add_column("problems", justify="right", footer=str(sum(len(one.problems) for one in found)))
    for one in found:
        counts = (str(getattr(one, name)) for name in COLUMNS)
        table.add_row(one.exercise, *counts, str(len(one.problems)))
    console.width = max(console.width, WIDTH)
    console.print(table)
    console.print()
    for one in found:
        for problem in one.problems:
            console.print(f"{one.exercise}: {problem}.")
    if any(one.problems for one in found):
        return
    drawn = "one seed" if seeds == 1 else f"{seeds} seeds"
    console.print(
        f"Every stub is to do, every solution and alternative passes, every misconception is caught and named, "
        f"every senseless answer fails: with {drawn}."
    )
