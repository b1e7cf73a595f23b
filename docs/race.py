"""The recorded race as a page: the README's table, a figure of it, and all times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.race import FIGURES, section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPENING = """\
# The race

Is functional PyTorch as fast as JAX? This is measured, not claimed. All contestants train the same network on the same
data and the same cores, taking turns; what counts is the median, over the rounds, of the ratio of two times.
[Lesson 8](lessons/08-training.md) and [lesson 12](lessons/12-ensembles.md) say where the time goes."""

NO_TIMES = {"separate", "memory"}
"""Figures that are no ratio of this library's time to another's."""

UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"))


def page(results: Mapping[str, Any], folder: Path) -> str:
    """The Markdown of the page; its figures are written to the folder."""
    from xorfunc import plot

    ratios(results["ratios"]).savefig(folder / "race.png", dpi=200)
    alt = "Each ratio of the table with the span of its rounds, on a logarithmic axis, beside its bound and its aim."
    table = "\n".join(line for line in section(results).splitlines() if not line.startswith("<!--"))
    parts = [OPENING, f"![{alt}](race.png)", table]
    for what, series in results.get("scaling", {}).items():
        num = [int(n) for n in next(iter(series.values()))]
        figure = plot.scaling(num, {name: list(taken.values()) for name, taken in series.items()}, xlabel=what)
        figure.savefig(folder / f"race-{what}.png", dpi=200)
        alt = f"Seconds an epoch against the number of {what}, replayed and compiled, on two logarithmic axes."
        parts.append(f"## Cost against {what}\n\nSeconds an epoch.\n\n![{alt}](race-{what}.png)")
    rows = "\n".join(f"| {name} | {_with_unit(taken)} |" for name, taken in results["seconds"].items())
    parts.append(f"## All times\n\n| | median |\n|---|---:|\n{rows}")
    return "\n\n".join(parts) + "\n"


def ratios(results: Mapping[str, Mapping[str, float]]) -> Figure:
    """Each ratio of times with the span of its rounds, beside what it must be and what it aims at."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    from xorfunc.plot.palette import BLACK, BLUE, GREY, VERMILION

    shown = [name for name in FIGURES if name in results and name not in NO_TIMES]
    figure = Figure(figsize=(6.9, 0.7 + 0.62 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for row, name in enumerate(shown):
        text, must, aim = FIGURES[name]
        ratio = results[name]
        axes.annotate(text.replace("`", ""), (0, row), (2, 9), xycoords=("axes fraction", "data"),
                      textcoords="offset points", fontsize=9)  # fmt: skip
        axes.plot([ratio["lowest"], ratio["highest"]], [row, row], color=BLUE, linewidth=2, label="rounds")
        axes.plot(ratio["median"], row, "o", color=BLUE, label="median")
        axes.plot(must, row, "|", color=VERMILION, markersize=14, markeredgewidth=2, label="must be left of")
        axes.plot(aim, row, "x", color=BLACK, label="aims at")
    axes.axvline(1, color=GREY, linestyle=":", zorder=0)
    axes.set(xscale="log", ylim=(len(shown) - 0.6, -0.8), yticks=[], xlabel="time, as a multiple of the other's")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks([0.125, 0.25, 0.5, 1, 2])
    axes.spines[["top", "left", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[:4], labels[:4], loc="outside upper center", ncols=4, frameon=False)
    return figure


def _with_unit(seconds: float) -> str:
    unit, name = next((each for each in UNITS if seconds >= each[0]), UNITS[-1])
    return f"{seconds / unit:.3g} {name}"
