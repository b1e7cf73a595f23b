"""`xor-check compare`: one training in functional style and as an `nn.Module`, as code, as losses, as times.

It needs no course and runs no student's file. The programs stand side by side where the terminal has room for both, and
below each other elsewhere, always unwrapped, so that they can be pasted.
"""

from __future__ import annotations

import json
import os
import textwrap
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from checker.cli.call import CallError
from checker.cli.check import SEED, Device, DeviceOption, JsonOption, NoColorOption
from checker.report.marks import shows

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from xorfunc.compare import Comparison

PICTURE = "compare.png"

NUM_EPOCHS = 20

ALIKE = 1e-4
"""Differences of losses and parameters up to here are rounding; some hundred steps leave less than 1e-6."""

STYLES = ("functional", "nn.Module")

OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help=f"Write {PICTURE} there.", show_default=False)
]
TableOption = Annotated[bool, typer.Option("--table", help="Show how each habit translates, and train nothing.")]
CompiledOption = Annotated[bool, typer.Option("--compiled", help="Time machine code, too; takes a C++ compiler.")]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Train on other points from another start.")]


def compare(
    out: OutOption = None,
    as_json: JsonOption = False,
    table: TableOption = False,
    compiled: CompiledOption = False,
    device: DeviceOption = Device.auto,
    seed: SeedOption = SEED,
    no_color: NoColorOption = False,
) -> None:
    """Put functional style and nn.Module side by side: code, losses, times."""
    if table and (out or compiled):
        raise CallError("--table trains nothing, so nothing can be drawn or timed: leave out --out and --compiled.")
    if not -(2**63) <= seed < 2**63:
        raise CallError(f"--seed {seed} needs more than 64 bits: choose a smaller one, such as --seed 1.")
    color = not no_color and not os.environ.get("NO_COLOR")
    if table:
        _print(json_of_table()) if as_json else _show_table(_console(color))
        return
    if out is not None:
        _make_folder(out)
    comparison = _compared(seed, compiled, device.value)
    picture = None if out is None else _draw(comparison, out / PICTURE)
    if as_json:
        _print(json_of(comparison, seed, picture))
    else:
        _show(_console(color), comparison, seed, picture)
    raise typer.Exit(0 if alike(comparison) else 1)


def alike(comparison: Comparison) -> bool:
    """Whether what parts the styles is rounding."""
    return comparison.loss_difference <= ALIKE and comparison.params_difference <= ALIKE


def json_of(comparison: Comparison, seed: int, picture: Path | None) -> dict[str, Any]:
    """A comparison as plain data."""
    from xorfunc.compare import seeded

    return {
        "seed": seed,
        "device": comparison.device,
        "passed": alike(comparison),
        "num_epochs": len(comparison.functional),
        "num_steps": comparison.num_steps,
        "largest_difference": {"losses": comparison.loss_difference, "params": comparison.params_difference},
        "losses": {"functional": comparison.functional.tolist(), "module": comparison.module.tolist()},
        "seconds_a_step": comparison.seconds,
        "times_as_long_as_module": comparison.ratios,
        "seconds_of_first_training": dict(comparison.preparing),
        "unavailable": dict(comparison.unavailable),
        "programs": {style: seeded(program, seed, comparison.device) for style, program in comparison.programs.items()},
        "picture": None if picture is None else str(picture),
    }


def json_of_table() -> dict[str, Any]:
    """The translations as plain data: each side is run after `setting`."""
    from xorfunc.compare import SETTING, TRANSLATIONS

    return {"setting": SETTING, "translations": [{**row._asdict(), "gives": [*row.gives]} for row in TRANSLATIONS]}


def times(comparison: Comparison) -> list[str]:
    """A line for each way to run a step: its name, its microseconds, its ratio to the module's.

    The module comes first.
    """
    lines = [f"  {'nn.Module':10} {1e6 * comparison.seconds['module']:8.1f}"]
    for name, ratio in comparison.ratios.items():
        lines.append(f"  {name:10} {1e6 * comparison.seconds[name]:8.1f}   {ratio:5.2f} times as long as nn.Module")
    for name, reason in comparison.unavailable.items():
        lines.append(f"  {name:10} not available: {reason}")
    if "compiled" in comparison.ratios and "compiled" in comparison.preparing:
        lines.append(f"  (compiling took {comparison.preparing['compiled']:.1f} s, once)")
    return lines


def _compared(seed: int, compiled: bool, device: str) -> Comparison:
    from xorfunc.backends import has_compiler  # as all of xorfunc: imports torch

    if compiled and not has_compiler():
        raise CallError("--compiled needs a C++ compiler, and none was found: install one (g++ or clang++) or set CXX.")

    from xorfunc.compare import compare_styles
    from xorfunc.random import key

    backends = ("eager", "traced", "compiled") if compiled else ("eager", "traced")
    with _warnings_as_sentences():
        return compare_styles(key(seed).to(_device(device)), num_epochs=NUM_EPOCHS, backends=backends)


def _device(wanted: str) -> str:
    from checker import exam

    try:
        return exam.device_for(wanted)
    except exam.NoDevice as missing:
        raise CallError(str(missing)) from missing


@contextmanager
def _warnings_as_sentences() -> Generator[None]:
    """Say on standard error what the library warns of, without the lines of its code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for sentence in dict.fromkeys(str(warning.message) for warning in caught if warning.category is UserWarning):
        typer.echo(f"xor-check: {sentence}", err=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise CallError(f"--out {str(folder)!r} cannot be made ({cause.strerror}): name another folder.") from cause


def _draw(comparison: Comparison, file: Path) -> Path:
    from xorfunc import plot  # imports matplotlib when it draws

    figure = plot.styles(functional=comparison.functional, module=comparison.module, seconds=comparison.seconds)
    try:
        figure.savefig(file, dpi=120)
    except OSError as cause:
        raise CallError(f"{file} cannot be written ({cause.strerror}): name another folder.") from cause
    return file


def _print(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, indent=2, allow_nan=False))


def _console(color: bool) -> Console:
    from rich.console import Console

    return Console(color_system="auto" if color else None, highlight=False)


def _show(console: Console, comparison: Comparison, seed: int, picture: Path | None) -> None:
    from xorfunc.compare import seeded

    _show_pair(
        console, [seeded(comparison.programs[style], seed, comparison.device) for style in ("functional", "module")]
    )
    first, last = comparison.module[0].item(), comparison.module[-1].item()
    console.print(
        f"Trained from equal parameters on equal batches, {comparison.num_steps} steps each",
        style="bold",
        soft_wrap=True,
    )
    lines = [
        f"  loss of an epoch, first and last   {first:.4f}, {last:.4f}",
        f"  largest difference of losses       {comparison.loss_difference:.1e}",
        f"  largest difference of parameters   {comparison.params_difference:.1e}",
        f"  {'Only rounding parts them.' if alike(comparison) else 'That is more than rounding: they are not alike.'}",
    ]
    for line in lines:
        console.print(line, soft_wrap=True)
    console.print(f"\nMicroseconds a step, on {comparison.device}", style="bold", soft_wrap=True)
    for line in times(comparison):
        console.print(line, soft_wrap=True)
    if picture is not None:
        console.print(f"\nDrawn in {picture}", soft_wrap=True, markup=False)


def _show_table(console: Console) -> None:
    from xorfunc.compare import SETTING, TRANSLATIONS

    console.print("Before each", style="bold", soft_wrap=True)
    for line in _coloured(SETTING):
        console.print(line, soft_wrap=True)
    for row in TRANSLATIONS:
        console.print(f"\n{row.name}", style="bold underline", soft_wrap=True, markup=False)
        if row.note:
            console.print(textwrap.fill(row.note, min(88, console.width)), soft_wrap=True, markup=False)
        _show_pair(console, [row.functional, row.module])


def _show_pair(console: Console, programs: Sequence[str]) -> None:
    from rich.text import Text

    functional, module = (
        [Text(style, style="bold"), Text(), *_coloured(code)] for style, code in zip(STYLES, programs, strict=True)
    )
    left, right = (max(line.cell_len for line in side) for side in (functional, module))
    wall = " │ " if shows("│", console.file) else " | "
    if column_width := _room(left, right, len(wall), console.width):
        lines = _beside(functional, module, wall, column_width)
    else:
        lines = [*functional, Text(), *module]
    for line in [*lines, Text()]:
        line.rstrip()
        console.print(line, soft_wrap=True)


def _room(left: int, right: int, wall: int, width: int) -> int:
    """The width of the left column, or 0 where both do not fit; equal columns where there is room for them."""
    if left + wall + right > width:
        return 0
    return max(left, min((width - wall) // 2, 58, width - wall - right))


def _beside(left: list[Text], right: list[Text], wall: str, column_width: int) -> list[Text]:
    from itertools import zip_longest

    from rich.text import Text

    lines: list[Text] = []
    for a, b in zip_longest(left, right, fillvalue=Text()):
        padding = " " * (column_width - a.cell_len)
        lines.append(Text.assemble(a, padding, (wall, "dim"), b))
    return lines


def _coloured(code: str) -> list[Text]:
    """The lines of a program, in the terminal's own colours."""
    from rich.syntax import Syntax

    highlighted = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    highlighted.rstrip()
    return list(highlighted.split("\n", allow_blank=True))
