"""What a model believes over the plane, and where it changes its mind."""

from typing import TYPE_CHECKING

from jaxtyping import Float, Int
from torch import Tensor

from xorfunc.plot.palette import FIELD, numbers
from xorfunc.plot.points import draw_points

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.contour
    import matplotlib.figure


def decision_boundary(
    probability: Float[Tensor, "steps steps"],
    x: Float[Tensor, "N 2"],
    y: Int[Tensor, "N"],
    *,
    low: float,
    high: float,
) -> "matplotlib.figure.Figure":
    """P(Y = 1) over the plane, the line where it is one half, and samples of both classes.

    Args:
        probability: as `xorfunc.evaluate.probability_grid` gives it: row = x2, column = x1.
        x: samples; the first coordinate goes to the right, the second upwards.
        y: their classes, 0 or 1.
        low: coordinate of the grid's first row and column.
        high: coordinate of its last.

    Raises:
        ValueError: if the grid has fewer than two points in a direction, `x` and `y` differ in length, or
            a class is neither 0 nor 1.

    >>> import torch
    >>> figure = decision_boundary(torch.eye(2), torch.zeros(1, 2), torch.tensor([1]), low=-1, high=1)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('x1', 'x2')
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    require_grid("probability", probability)
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    filled = draw_field(axes, probability, low=low, high=high)
    draw_points(axes, x, y)
    axes.set(xlabel="x1", ylabel="x2", xlim=(low, high), ylim=(low, high), aspect="equal")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    figure.colorbar(filled, ax=axes, label="P(Y = 1)", ticks=[0, 0.25, 0.5, 0.75, 1])
    return figure


def draw_field(
    axes: "matplotlib.axes.Axes", probability: Float[Tensor, "steps steps"], *, low: float, high: float
) -> "matplotlib.contour.QuadContourSet":
    """Add P(Y = 1) and the line of one half to `axes`; what a colour bar is made of.

    >>> import torch
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> field = draw_field(axes, torch.eye(2), low=-1, high=1)
    >>> [line.get_label() for line in axes.lines]
    ['P(Y = 1) = 0.5']
    """
    from matplotlib.colors import LinearSegmentedColormap

    grid = numbers(probability)
    filled = axes.contourf(
        grid,
        levels=[i / 20 for i in range(21)],
        extent=(low, high, low, high),
        cmap=LinearSegmentedColormap.from_list("field", FIELD),
    )
    if grid.min() < 0.5 < grid.max():  # a contour that is nowhere makes matplotlib warn
        axes.contour(grid, levels=[0.5], extent=(low, high, low, high), colors="black", linewidths=1.5)
        axes.plot([], [], color="black", linewidth=1.5, label="P(Y = 1) = 0.5")  # contours have no legend entry
    return filled


def require_grid(name: str, grid: Tensor) -> None:
    """Raise unless the grid is large enough for a contour.

    Raises:
        ValueError: if it has fewer than two points in a direction.

    >>> import torch
    >>> require_grid("probability", torch.zeros(1, 1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: probability has shape (1, 1): ...
    """
    if min(grid.shape) < 2:
        raise ValueError(
            f"{name} has shape {tuple(grid.shape)!r}: a contour needs at least 2 points in each direction. "
            "Ask probability_grid for more steps."
        )
