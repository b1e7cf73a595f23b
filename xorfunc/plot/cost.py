"""What a computation costs as it grows, both axes logarithmic: a power law is a straight line, its slope the power.

A line that starts flat pays a fixed price for each call; where it bends upwards, the arithmetic begins to count.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xorfunc.plot.palette import GREY, look

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure


def scaling(num: Sequence[int], seconds: Mapping[str, Sequence[float]], *, xlabel: str) -> "matplotlib.figure.Figure":
    """How long each way takes for how much work.

    Args:
        num: amounts of work, such as numbers of ensemble members.
        seconds: for each way, the seconds for each of `num`.
        xlabel: what `num` counts.

    Raises:
        ValueError: if there is nothing to draw, lengths differ, or a number is not positive and finite.

    >>> figure = scaling([1, 10, 100], {"loop": [0.1, 1.0, 10.0], "vmap": [0.1, 0.1, 0.2]}, xlabel="members")
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_xscale()
    ('members', 'log')
    """
    if not seconds:
        raise ValueError("seconds has no series: a figure of costs compares at least 1. Time something first.")
    for name, times in seconds.items():
        _require_costs("num", num, f"seconds[{name!r}]", times)
    figure, axes = _logarithmic(xlabel)
    for i, (name, times) in enumerate(seconds.items()):
        axes.plot(num, times, label=name, **look(i))
    figure.legend(loc="outside upper center", ncols=min(4, len(seconds)), frameon=False)
    return figure


def matmul_times(sizes: Sequence[int], seconds: Mapping[str, Sequence[float]]) -> "matplotlib.figure.Figure":
    """How long the product of two square matrices takes on each device, beside what its n^3 multiplications predict.

    The prediction is drawn through the last time of the first device: how far the small products lie above it is what a
    call costs before any arithmetic, and where two devices cross is the size from which moving to the other pays.

    Args:
        sizes: n of each product of two n x n matrices, in the order to be joined.
        seconds: for each device, such as "CPU" and "GPU", the time of each.

    Raises:
        ValueError: if there is nothing to draw, lengths differ, or a number is not positive and finite.

    >>> figure = matmul_times([10, 100], {"CPU": [1e-6, 1e-4], "GPU": [1e-5, 2e-5]})
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['CPU', 'GPU', 'proportional to $n^3$']
    """
    if not seconds:
        raise ValueError("seconds has no device: at least 1 is drawn. Time a product with timed_matmul first.")
    for name, times in seconds.items():
        _require_costs("sizes", sizes, f"seconds[{name!r}]", times)
    figure, axes = _logarithmic("n, side of both matrices")
    for i, (name, times) in enumerate(seconds.items()):
        axes.plot(sizes, times, label=name, **look(i))
    first = next(iter(seconds.values()))
    predicted = [first[-1] * (n / sizes[-1]) ** 3 for n in sizes]
    axes.plot(sizes, predicted, color=GREY, linestyle=":", label="proportional to $n^3$", zorder=1)
    # Down where nothing was measured, the prediction would squeeze what was.
    axes.set_ylim(bottom=min(min(times) for times in seconds.values()) / 3)
    figure.legend(loc="outside upper center", ncols=min(4, 1 + len(seconds)), frameon=False)
    return figure


def _logarithmic(xlabel: str) -> "tuple[matplotlib.figure.Figure, matplotlib.axes.Axes]":
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="seconds")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _require_costs(num_name: str, num: Sequence[int], seconds_name: str, seconds: Sequence[float]) -> None:
    if not len(num) or len(num) != len(seconds):
        raise ValueError(
            f"{num_name} has {len(num)!r} entries, {seconds_name} {len(seconds)!r}: each amount of work needs its "
            "time, and there is at least 1. Time every one of them."
        )
    for name, values in ((num_name, num), (seconds_name, seconds)):
        for i, value in enumerate(values):
            if not 0 < value < math.inf:
                raise ValueError(
                    f"{name}[{i}] is {value!r}: a logarithmic axis takes what is positive and finite. "
                    "Leave out what was not measured."
                )
