"""Colours that colour-blind eyes tell apart, and beside each colour a line style and a marker.

Okabe and Ito (2008), https://jfly.uni-koeln.de/color/, without their yellow, which is faint on white. Nothing in a
figure is told by its colour alone.
"""

from typing import Any

from torch import Tensor

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
LINE_STYLES = ("-", "--", "-.", ":")
SERIES_MARKERS = ("o", "^", "s", "D", "v", "P", "X")
MARKERS = ("o", "^")  # class 0, class 1, which are blue and vermilion
FIELD = ("#8FC1DE", "#F7F7F7", "#EDB48F")  # their pale tints and the undecided between, for samples to stand out
GREY = "#777777"  # guides


def look(i: int) -> dict[str, Any]:
    """Colour, line style and marker of series i, for `axes.plot`: the first 28 differ from each other.

    >>> look(1)
    {'color': '#D55E00', 'linestyle': '--', 'marker': '^'}
    """
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
        "marker": SERIES_MARKERS[i % len(SERIES_MARKERS)],
    }


def numbers(t: Tensor) -> Any:
    """A tensor as matplotlib takes it, from whatever device and graph.

    >>> import torch
    >>> numbers(torch.ones(2, requires_grad=True)).tolist()
    [1.0, 1.0]
    """
    return t.detach().cpu().numpy()
