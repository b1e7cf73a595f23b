"""A training as a film: the boundary finds its place while the loss falls."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jaxtyping import Float, Int
from torch import Tensor

from xorfunc.plot.boundary import require_grid
from xorfunc.plot.losses import draw_losses, require_losses, scale_losses
from xorfunc.plot.palette import BLACK, FIELD, VERMILION, numbers
from xorfunc.plot.points import draw_points

if TYPE_CHECKING:
    import matplotlib.animation

MILLISECONDS = 80  # a frame


def training_animation(
    probabilities: Float[Tensor, "T steps steps"],
    x: Float[Tensor, "N 2"],
    y: Int[Tensor, "N"],
    losses: Float[Tensor, "T"],
    *,
    low: float,
    high: float,
) -> "matplotlib.animation.FuncAnimation":
    """P(Y = 1) over the plane at T moments of a training, and where each stands on the curve of losses.

    Write it with `training_animation(...).save("training.gif", writer="pillow")`, or show it in a notebook with
    `IPython.display.HTML(animation.to_jshtml())`. It is drawn as it is written: until then nothing has been.

    Args:
        probabilities: for each moment what `xorfunc.evaluate.probability_grid` gives: row = x2, column = x1.
        x: samples; the first coordinate goes to the right, the second upwards.
        y: their classes, 0 or 1.
        losses: the loss at each moment.
        low: coordinate of the grids' first row and column.
        high: coordinate of their last.

    Raises:
        ValueError: if there is no moment, `probabilities` and `losses` differ in their number, the grid has fewer than
            two points in a direction, a loss is not finite, `x` and `y` differ in length, or a class is neither 0 nor
            1.

    >>> import tempfile, torch
    >>> grids = torch.eye(2).expand(3, 2, 2)
    >>> x, y, losses = torch.zeros(1, 2), torch.tensor([1]), torch.tensor([0.7, 0.5, 0.2])
    >>> animation = training_animation(grids, x, y, losses, low=-1, high=1)
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     animation.save(file.name, writer="pillow")
    ...     file.read(3)
    b'GIF'
    """
    from matplotlib.animation import FuncAnimation
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    require_losses("losses", losses)
    if len(probabilities) != len(losses):
        raise ValueError(
            f"probabilities has {len(probabilities)!r} moments, losses {len(losses)!r}: each frame shows both. "
            "Take the loss where the grid is taken."
        )
    require_grid("probabilities[0]", probabilities[0])

    grids = numbers(probabilities)
    figure = Figure(figsize=(8.8, 4.4), layout="constrained")
    plane, curve = figure.subplots(1, 2, width_ratios=[1.25, 1])
    steps = grids.shape[-1]
    half = (high - low) / (steps - 1) / 2  # a value belongs to the middle of its pixel
    field = plane.imshow(
        grids[0],
        origin="lower",
        extent=(low - half, high + half, low - half, high + half),
        cmap=LinearSegmentedColormap.from_list("field", FIELD),
        vmin=0,
        vmax=1,
        interpolation="bilinear",
    )
    draw_points(plane, x, y)
    plane.plot([], [], color=BLACK, linewidth=1.5, label="P(Y = 1) = 0.5")  # contours have no legend entry
    plane.set(xlabel="x1", ylabel="x2", xlim=(low, high), ylim=(low, high), aspect="equal")
    plane.locator_params(nbins=5)
    title = plane.set_title(_counted(0, len(grids)))
    figure.colorbar(field, ax=plane, label="P(Y = 1)", ticks=[0, 0.25, 0.5, 0.75, 1])
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    draw_losses(curve, "loss", losses)
    scale_losses(curve, losses)
    curve.set(xlabel="moment", ylabel="loss, nats")
    (now,) = curve.plot([1], numbers(losses[:1]), marker="o", markersize=8, color=VERMILION)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once: done anew for each frame, the axes would tremble
    lines: list[Any] = []

    def show(moment: int) -> Sequence[Any]:
        grid = grids[moment]
        field.set_data(grid)
        while lines:
            lines.pop().remove()
        if grid.min() < 0.5 < grid.max():  # a contour that is nowhere makes matplotlib warn
            extent = (low, high, low, high)
            lines.append(plane.contour(grid, levels=[0.5], extent=extent, colors=BLACK, linewidths=1.5))
        now.set_data([moment + 1], numbers(losses[moment : moment + 1]))
        title.set_text(_counted(moment, len(grids)))
        return field, now, title

    return FuncAnimation(figure, show, frames=len(grids), interval=MILLISECONDS, init_func=lambda: ())


def _counted(moment: int, num_moments: int) -> str:
    return f"moment {moment + 1} of {num_moments}"
