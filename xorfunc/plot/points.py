"""Samples of both classes as points of the plane: the layer that most figures share, and the figure of it alone."""

from typing import TYPE_CHECKING

from jaxtyping import Float, Int
from torch import Tensor

from xorfunc.plot.palette import BLUE, MARKERS, VERMILION, numbers

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure


def samples(x: Float[Tensor, "N 2"], y: Int[Tensor, "N"]) -> "matplotlib.figure.Figure":
    """The data itself: each example where it lies, in the colour and shape of its class.

    Args:
        x: the examples; the first coordinate goes to the right, the second upwards.
        y: their classes, 0 or 1.

    Raises:
        ValueError: if `x` and `y` differ in length, or a class is neither 0 nor 1.

    >>> import torch
    >>> figure = samples(torch.tensor([[0.0, 1.0], [1.0, 1.0]]), torch.tensor([1, 0]))
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['y = 0', 'y = 1']
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    axes = figure.subplots()
    draw_points(axes, x, y)
    axes.set(xlabel="x1", ylabel="x2", aspect="equal")
    axes.set_axisbelow(True)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def draw_points(axes: "matplotlib.axes.Axes", x: Float[Tensor, "N 2"], y: Int[Tensor, "N"]) -> None:
    """Add the samples to `axes`, one labelled scatter a class.

    Raises:
        ValueError: if `x` and `y` differ in length, or a class is neither 0 nor 1.

    >>> import torch
    >>> from matplotlib.figure import Figure
    >>> draw_points(Figure().subplots(), torch.zeros(1, 2), torch.tensor([3]))
    Traceback (most recent call last):
    ...
    ValueError: y has 3: the classes are 0 and 1. Did xor_labels give them?
    """
    points, classes = numbers(x), numbers(y)
    if len(points) != len(classes):
        raise ValueError(f"x has {len(x)!r} examples, y {len(y)!r}: each needs its partner. Cut both alike.")
    strange = sorted({int(label) for label in classes} - {0, 1})
    if strange:
        raise ValueError(f"y has {', '.join(map(repr, strange))}: the classes are 0 and 1. Did xor_labels give them?")
    for label, (colour, marker) in enumerate(zip((BLUE, VERMILION), MARKERS, strict=True)):
        chosen = points[classes == label]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=26,
            c=colour,
            marker=marker,
            edgecolors="white",
            linewidths=0.6,
            label=f"y = {label}",
            zorder=3,
        )
