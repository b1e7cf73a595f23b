"""A network as circles and lines, with what it has learned: the weights of `xorfunc.model.logits`, layer by layer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from xorfunc.plot.palette import BLUE, VERMILION, numbers

if TYPE_CHECKING:
    import matplotlib.figure

WIDEST = 6.0  # points, for the largest weight of the network
LARGEST = 16  # units in a layer, for circles and numbers to be told apart


def network(params: Mapping[str, Tensor]) -> "matplotlib.figure.Figure":
    r"""The network of the course: a line for each weight, as wide as it is large, solid vermilion where positive.

    Negative weights are dashed and blue: as the logit falls, class 0 becomes likelier, and blue is its. Each bias
    stands in the circle of its unit, and the largest weight in the legend gives the scale.

    Args:
        params: `linear_h.weight [H, D]`, `linear_h.bias [H]`, `linear_s.weight [K, H]`, `linear_s.bias [K]`.

    Raises:
        ValueError: if a name is missing, shapes do not fit together, a layer has more than 16 units, or a number is not
            finite.

    >>> import torch
    >>> params = {"linear_h.weight": torch.eye(2), "linear_h.bias": torch.zeros(2)}
    >>> figure = network(params | {"linear_s.weight": torch.tensor([[1.0, -1.0]]), "linear_s.bias": torch.ones(1)})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['x1', 'x2', '0.00', '0.00', '1.00', 'inputs', 'hidden\ntanh', 'logit']
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process
    from matplotlib.lines import Line2D

    layers = [_layer(params, "linear_h"), _layer(params, "linear_s")]
    (into_hidden, hidden), (into_logit, logit) = layers
    if into_logit.shape[1] != into_hidden.shape[0]:
        raise ValueError(
            f"linear_s.weight has shape {into_logit.shape!r}, linear_h.weight {into_hidden.shape!r}: the logit reads "
            "every hidden unit. Do both come from the same model?"
        )
    sizes = [into_hidden.shape[1], *into_hidden.shape[:1], *into_logit.shape[:1]]
    if not 1 <= min(sizes) <= max(sizes) <= LARGEST:
        raise ValueError(
            f"params has layers of {sizes!r} units: 1 to {LARGEST} circles fit above each other. "
            "Draw a smaller network."
        )

    figure = Figure(figsize=(6.8, 1.2 + 0.85 * max(*sizes, 3)), layout="constrained")
    axes = figure.subplots()
    places = [[(column, (size - 1) / 2 - i) for i in range(size)] for column, size in enumerate(sizes)]
    largest = max(float(abs(into_hidden).max()), float(abs(into_logit).max()))
    for column, (weights, _) in enumerate(layers):
        for i, row in enumerate(weights):
            for j, weight in enumerate(row):
                (x0, y0), (x1, y1) = places[column][j], places[column + 1][i]
                positive = weight >= 0
                axes.plot(
                    [x0, x1],
                    [y0, y1],
                    color=VERMILION if positive else BLUE,
                    linestyle="-" if positive else "--",
                    linewidth=WIDEST * abs(float(weight)) / (largest or 1),
                    dash_capstyle="butt",
                    zorder=1,
                )
    written = [[f"x{i + 1}" for i in range(sizes[0])], [f"{b:.2f}" for b in hidden], [f"{b:.2f}" for b in logit]]
    for layer, labels in zip(places, written, strict=True):
        axes.scatter(*zip(*layer, strict=True), s=1300, c="white", edgecolors="black", linewidths=1.2, zorder=2)
        for (column, height), label in zip(layer, labels, strict=True):
            axes.text(column, height, label, ha="center", va="center", fontsize=9, zorder=3)
    top = (max(sizes) - 1) / 2 + 0.55
    for column, title in enumerate(("inputs", "hidden\ntanh", "logit")):
        axes.text(column, top, title, ha="center", va="bottom")
    axes.set(xlim=(-0.35, 2.35), ylim=(-top, top + 0.6))
    axes.set_axis_off()
    figure.legend(
        handles=[
            Line2D([], [], color=VERMILION, linewidth=3, label="weight > 0"),
            Line2D([], [], color=BLUE, linewidth=3, linestyle="--", label="weight < 0"),
            Line2D([], [], color="black", linewidth=WIDEST, label=f"|weight| = {largest:.2g}"),
            Line2D([], [], color="white", marker="o", markersize=12, markeredgecolor="black", label="bias"),
        ],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        handlelength=3,
    )
    return figure


def _layer(params: Mapping[str, Tensor], name: str) -> tuple[Any, Any]:
    """Weight and bias of a layer, fit to be drawn."""
    missing = sorted({f"{name}.weight", f"{name}.bias"} - params.keys())
    if missing:
        present = ", ".join(map(repr, sorted(params))) or "nothing"
        raise ValueError(
            f"params has no {', '.join(map(repr, missing))} (it has {present}): a network is drawn from weights "
            "and biases of linear_h and linear_s. Did init_params return it?"
        )
    weight, bias = numbers(params[f"{name}.weight"]), numbers(params[f"{name}.bias"])
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise ValueError(
            f"{name}.weight has shape {weight.shape!r}, {name}.bias {bias.shape!r}: a layer has a weight [out, in] and "
            "a bias [out]. Give one member of an ensemble, not all."
        )
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise ValueError(f"{name} has a number that is not finite: a line has a width. Lower the learning rate.")
    return weight, bias
