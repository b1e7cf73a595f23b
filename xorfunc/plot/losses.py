"""Losses along a training: of several runs on one pair of axes, and of the two styles with what parts them.

Losses fall by orders of magnitude, so their axis is logarithmic wherever all of them are positive.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from xorfunc.plot.palette import BLUE, COLOURS, VERMILION, look, numbers

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo")


def loss_curves(losses: Mapping[str, Float[Tensor, "_"]]) -> "matplotlib.figure.Figure":
    """The loss of each epoch, one curve a run.

    Args:
        losses: for each run its losses `[num_epochs]`, such as `fit` gives; runs may differ in length.

    Raises:
        ValueError: if there is no run, or one has no loss or one that is not finite.

    >>> figure = loss_curves({"sgd": torch.tensor([0.7, 0.5]), "adam": torch.tensor([0.7, 0.1, 0.01])})
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_yscale()
    ('epoch', 'log')
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    if not losses:
        raise ValueError("losses has no run: a figure of losses compares at least 1. Give those that fit returned.")
    for name, run in losses.items():
        require_losses(f"losses[{name!r}]", run)
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for i, (name, run) in enumerate(losses.items()):
        draw_losses(axes, name, run, i)
    axes.set(xlabel="epoch", ylabel="mean loss, nats")
    scale_losses(axes, *losses.values())
    figure.legend(loc="outside upper center", ncols=min(4, len(losses)), frameon=False)
    return figure


def styles(
    *, functional: Float[Tensor, "_"], module: Float[Tensor, "_"], seconds: Mapping[str, float]
) -> "matplotlib.figure.Figure":
    """One training in both styles: both trajectories, their difference, and what a step costs in each.

    Args:
        functional: the loss of each epoch in functional style.
        module: the same for the `nn.Module`.
        seconds: for each way to run it, the seconds a step.

    Raises:
        ValueError: if the trajectories differ in length, are empty or not finite, or a time is not positive and finite.

    >>> losses = torch.tensor([0.7, 0.5, 0.2])
    >>> figure = styles(functional=losses, module=losses, seconds={"functional": 2e-4, "module": 1e-4})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss, nats', '', '|difference|']
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    require_losses("functional", functional)
    require_losses("module", module)
    if len(functional) != len(module):
        raise ValueError(
            f"functional has {len(functional)!r} losses, module {len(module)!r}: the difference is taken step by step. "
            "Train both for as long."
        )
    if not seconds:
        raise ValueError("seconds has no entry: the bars compare at least 1. Time a step of each style.")
    for name, time in seconds.items():
        if not 0 < time < float("inf"):
            raise ValueError(
                f"seconds[{name!r}] is {time!r}: the time of a step is positive and finite. Leave out what was not run."
            )

    figure = Figure(figsize=(9.6, 5.2), layout="constrained")
    panels = figure.subplot_mosaic([["losses", "bars"], ["difference", "bars"]], height_ratios=[2, 1])
    above, below, bars = panels["losses"], panels["difference"], panels["bars"]
    below.sharex(above)

    # Equal curves cover each other: the first is wide and pale, the second a dashed line upon it.
    steps = range(1, len(functional) + 1)
    above.plot(steps, numbers(functional), color=BLUE, linewidth=5, alpha=0.4, label="functional")
    above.plot(steps, numbers(module), color=VERMILION, linewidth=1.5, linestyle="--", label="module")
    above.set(ylabel="loss, nats")
    scale_losses(above, functional, module)
    above.tick_params(labelbottom=False)
    above.legend(frameon=False)

    difference = (functional.detach().double().cpu() - module.detach().double().cpu()).abs()
    below.plot(steps, numbers(difference), color="black", linewidth=1)
    below.set(xlabel="epoch", ylabel="|difference|", ylim=(0, max(float(difference.max()) * 1.1, 1e-12)))
    below.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))

    names = list(seconds)
    drawn = bars.barh(
        names,
        [1e6 * time for time in seconds.values()],
        color=[COLOURS[i % len(COLOURS)] for i in range(len(names))],
        hatch=[HATCHES[i % len(HATCHES)] for i in range(len(names))],
        edgecolor="white",
        height=0.6,
    )
    bars.bar_label(drawn, fmt="%.3g", padding=3)
    bars.invert_yaxis()  # the first on top
    bars.margins(x=0.15)
    bars.set(xlabel="microseconds a step")
    for axes in (above, below, bars):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_losses(axes: "matplotlib.axes.Axes", name: str, losses: Tensor, i: int = 0) -> None:
    """Curve i; with a marker here and there, as one at each of hundreds of epochs would hide the line.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_losses(axes, "sgd", torch.tensor([0.7, 0.5]))
    >>> axes.lines[0].get_xdata().tolist()
    [1, 2]
    """
    every = max(1, len(losses) // 10)
    axes.plot(range(1, len(losses) + 1), numbers(losses), label=name, markevery=(i % every, every), **look(i))
    axes.locator_params(axis="x", integer=True)
    axes.spines[["top", "right"]].set_visible(False)


def scale_losses(axes: "matplotlib.axes.Axes", *losses: Tensor) -> None:
    """A logarithmic axis where the losses allow it, with numbers as one reads them.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> scale_losses(axes, torch.tensor([0.7, 0.0]))
    >>> axes.get_yscale()
    'linear'
    """
    from matplotlib.ticker import LogLocator, NullFormatter  # only who draws waits for matplotlib

    if all(bool((run > 0).all()) for run in losses):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


def require_losses(name: str, losses: Tensor) -> None:
    """Raise unless the losses make a curve.

    Raises:
        ValueError: if there is none, or one is not finite.

    >>> require_losses("losses", torch.tensor([]))
    Traceback (most recent call last):
    ...
    ValueError: losses has no loss: a curve needs at least 1. Train for an epoch or more.
    """
    if not len(losses):
        raise ValueError(f"{name} has no loss: a curve needs at least 1. Train for an epoch or more.")
    if not torch.isfinite(losses).all():
        i = int((~torch.isfinite(losses)).nonzero()[0])
        raise ValueError(
            f"{name}[{i}] is {losses[i].item()!r}: a curve is drawn through finite losses. "
            "Lower the learning rate, or cut the curve before it."
        )
