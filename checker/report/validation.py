"""What `dev validate` found, as a table and a list of problems."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from checker.validate import Validation

COLUMNS = ("functions", "hints", "alternatives", "misconceptions", "senseless", "verdicts")
MUTANT_COLUMNS = ("mutants", "survivors")
WIDTH = 130


def show(found: Sequence[Validation], seeds: int) -> None:
    """Print the table with its totals, then each problem on a line of its own."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), show_footer=len(found) > 1)
    table.add_column("exercise", footer="together")
    columns = (*COLUMNS, *MUTANT_COLUMNS) if any(one.mutants for one in found) else COLUMNS
    for name in columns:
        table.add_column(name, justify="right", footer=str(sum(getattr(one, name) for one in found)))
    table.add_column("problems", justify="right", footer=str(sum(len(one.problems) for one in found)))
    for one in found:
        counts = (str(getattr(one, name)) for name in columns)
        table.add_row(one.exercise, *counts, str(len(one.problems)))
    console.width = max(console.width, WIDTH)
    console.print(table)
    console.print()
    for one in found:
        for problem in one.problems:
            console.print(f"{one.exercise}: {problem}.")
    mutants = sum(one.mutants for one in found)
    if mutants:
        caught = mutants - sum(one.survivors for one in found)
        console.print(f"{caught} of {mutants} mutants are caught, {caught / mutants:.1%}.")
        if any(one.equivalents for one in found):
            console.print("The others, and why they pass:")
        for one in found:
            for equivalent in one.equivalents:
                console.print(f"  {one.exercise}: {equivalent}")
        console.print()
    if any(one.problems for one in found):
        return
    drawn = "one seed" if seeds == 1 else f"{seeds} seeds"
    console.print(
        f"Every stub is to do, every solution and alternative passes, every misconception is caught and named, "
        f"every senseless answer fails: with {drawn}."
    )
