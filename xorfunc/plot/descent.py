"""A training seen from its parameters: each of them over the steps, and the way of two of them across the loss."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from xorfunc.plot.boundary import require_grid
from xorfunc.plot.palette import BLACK, look, numbers

if TYPE_CHECKING:
    import matplotlib.figure

NAMED = 8  # entries of a parameter that a legend can name; more are told apart by no one


def parameter_paths(paths: Mapping[str, Shaped[Tensor, "_ *_"]]) -> "matplotlib.figure.Figure":
    """Every entry of every parameter over the steps, a panel for each name.

    Args:
        paths: for each name `[T, *shape]`: the parameter before the first step, after it, and so on.

    Raises:
        ValueError: if there is no parameter, or they differ in T, or T is 0, or a number is not finite.

    >>> figure = parameter_paths({"w": torch.zeros(5, 2), "b": torch.ones(5)})
    >>> [axes.get_title() for axes in figure.axes], len(figure.axes[0].lines)
    (['w', 'b'], 2)
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    lengths = {name: len(path) if path.ndim else 0 for name, path in paths.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ValueError(
            f"paths has {lengths!r} moments: it needs at least 1 parameter, and all of them at the same moments, at "
            "least 1. Stack the parameters of every step."
        )
    for name, path in paths.items():
        if not torch.isfinite(path).all():
            raise ValueError(
                f"paths[{name!r}] has a number that is not finite: a path is drawn through finite ones. "
                "Lower the learning rate, or cut the paths before it."
            )
    num_columns = min(2, len(paths))
    num_rows = -(-len(paths) // num_columns)
    figure = Figure(figsize=(4.8 * num_columns, 0.6 + 2.7 * num_rows), layout="constrained")
    grid = figure.subplots(num_rows, num_columns, sharex=True, squeeze=False)
    panels = list(grid.flat)
    for axes in panels[len(paths) :]:
        axes.remove()
    for position, (axes, (name, path)) in enumerate(zip(panels, paths.items(), strict=False)):
        moments, entries = len(path), np.ndindex(*path.shape[1:])
        every = max(1, moments // 8)
        for i, entry in enumerate(entries):
            label = f"[{', '.join(map(str, entry))}]" if entry else name
            column = numbers(path[(slice(None), *entry)])
            axes.plot(column, label=label, linewidth=1.2, markersize=4, markevery=(i % every, every), **look(i))
        if 1 < len(axes.lines) <= NAMED:
            axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
        axes.set(title=name, ylabel="value")
        if position + num_columns >= len(paths):  # nothing below it
            axes.set(xlabel="step")
            axes.tick_params(labelbottom=True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def loss_surface(
    losses: Float[Tensor, "steps steps"],
    *,
    low: float,
    high: float,
    path: Float[Tensor, "_ 2"] | None = None,
) -> "matplotlib.figure.Figure":
    """The loss over a plane through parameter space, and the way that a training took across it.

    Levels are logarithmic where all losses are positive, so that the floor of a valley shows too.

    Args:
        losses: row = second coordinate, column = first, as in `xorfunc.evaluate.probability_grid`.
        low: coordinate of the grid's first row and column.
        high: coordinate of its last.
        path: the training's coordinates in the plane `[T, 2]`, from start to end.

    Raises:
        ValueError: if the grid has fewer than two points in a direction, `path` is empty, or a number is not finite.

    >>> at = torch.linspace(-1, 1, 5)
    >>> figure = loss_surface(at[:, None] ** 2 + at**2, low=-1, high=1, path=torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['path', 'start', 'end']
    """
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    require_grid("losses", losses)
    if not torch.isfinite(losses).all():
        raise ValueError(
            "losses has a number that is not finite: a contour is drawn through finite ones. Choose a smaller plane."
        )
    grid = numbers(losses)
    lowest, highest = float(grid.min()), float(grid.max())
    # A flat plane has no levels of its own.
    highest = max(highest, lowest + 1e-6 * max(abs(lowest), 1))
    space, norm = (np.geomspace, LogNorm) if lowest > 0 else (np.linspace, Normalize)

    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    levels = space(lowest, highest, 25)
    extent = (low, high, low, high)
    filled = axes.contourf(grid, levels=levels, extent=extent, cmap="cividis", norm=norm(lowest, highest))
    if grid.min() < grid.max():  # a contour that is nowhere makes matplotlib warn
        axes.contour(grid, levels=levels[2:-1:3], extent=extent, colors="white", linewidths=0.5, alpha=0.6)
    if path is not None:
        if not len(path) or not torch.isfinite(path).all():
            raise ValueError(
                f"path has shape {tuple(path.shape)!r} and must have at least 1 point, all finite. "
                "Cut it before the training diverges, or leave it out."
            )
        first, second = numbers(path).T
        axes.plot(first, second, color="white", linewidth=3.5)  # its rim, for it to show on dark and on light
        axes.plot(first, second, color=BLACK, linewidth=1.5, label="path")
        for i, marker, label in ((0, "o", "start"), (-1, "*", "end")):
            axes.plot(
                [first[i]],
                [second[i]],
                color=look(1)["color"],
                marker=marker,
                markersize=13 if marker == "*" else 8,
                markeredgecolor="white",
                linestyle="none",
                label=label,
                zorder=4,
            )
        figure.legend(loc="outside upper center", ncols=3, frameon=False)
    axes.set(xlabel="first direction", ylabel="second direction", xlim=(low, high), ylim=(low, high), aspect="equal")
    bar = figure.colorbar(filled, ax=axes, label="loss", format="{x:.3g}")
    bar.set_ticks(list(levels[::4]))
    bar.minorticks_off()
    return figure
