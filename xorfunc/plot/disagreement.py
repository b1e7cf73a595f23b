"""What an ensemble believes over the plane, and beside it where its members are of different minds."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from xorfunc.plot.boundary import draw_field, require_grid
from xorfunc.plot.palette import numbers
from xorfunc.plot.points import draw_points

if TYPE_CHECKING:
    import matplotlib.figure


def ensemble(
    mean: Float[Tensor, "steps steps"],
    disagreement: Float[Tensor, "steps steps"],
    x: Float[Tensor, "N 2"],
    y: Int[Tensor, "N"],
    *,
    low: float,
    high: float,
) -> "matplotlib.figure.Figure":
    """The members' mean probability, and how far they are apart: by rights close at the data and wide away from it.

    Args:
        mean: the mean over members of `xorfunc.evaluate.probability_grid`: row = x2, column = x1.
        disagreement: their spread, such as the standard deviation over members; at least 0.
        x: samples; the first coordinate goes to the right, the second upwards.
        y: their classes, 0 or 1.
        low: coordinate of the grids' first row and column.
        high: coordinate of their last.

    Raises:
        ValueError: if a grid has fewer than two points in a direction or the two differ in shape, `x` and `y` differ in
            length, or a class is neither 0 nor 1.

    >>> import torch
    >>> figure = ensemble(torch.eye(2), torch.ones(2, 2), torch.zeros(1, 2), torch.tensor([1]), low=-1, high=1)
    >>> [axes.get_title() for axes in figure.axes[:2]]
    ['mean of the members', 'disagreement of the members']
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    require_grid("mean", mean)
    require_grid("disagreement", disagreement)
    if mean.shape != disagreement.shape:
        raise ValueError(
            f"mean has shape {tuple(mean.shape)!r}, disagreement {tuple(disagreement.shape)!r}: both belong to one "
            "grid. Reduce the same stack of grids over its members."
        )
    figure = Figure(figsize=(10.4, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    belief = draw_field(left, mean, low=low, high=high)
    spread = numbers(disagreement)
    # From 0, so that a paper-white plane means agreement in every figure; grey, as it favours neither class.
    across, upwards = (np.linspace(low, high, steps) for steps in reversed(spread.shape))
    apart = right.pcolormesh(
        across,
        upwards,
        spread,
        cmap="Greys",
        vmin=0,
        vmax=max(float(spread.max()), 1e-3) * 1.25,  # short of black, for samples to stand out
        shading="gouraud",  # values are at the grid's points, not in cells between them
        rasterized=True,
    )
    for axes, title in ((left, "mean of the members"), (right, "disagreement of the members")):
        draw_points(axes, x, y)
        axes.set(title=title, xlabel="x1", xlim=(low, high), ylim=(low, high), aspect="equal")
    left.set_ylabel("x2")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    figure.colorbar(belief, ax=left, label="P(Y = 1)", ticks=[0, 0.25, 0.5, 0.75, 1])
    figure.colorbar(apart, ax=right, label="disagreement")
    return figure
