"""A computation graph as a diagram: values run from left to right, gradients back."""

from typing import TYPE_CHECKING

from xorfunc.graph import Graph, Node
from xorfunc.plot.palette import BLUE, VERMILION

if TYPE_CHECKING:
    import matplotlib.figure


def computation_graph(graph: Graph) -> "matplotlib.figure.Figure":
    """Each node with its operation, its value, and after a nabla its gradient; square where something was given.

    A node stands to the right of all that it was computed from.

    Args:
        graph: as `xorfunc.graph.trace` gives it.

    >>> import torch
    >>> from xorfunc.graph import trace
    >>> figure = computation_graph(trace(lambda w, x: ((x - w) ** 2).sum(), torch.zeros(2), torch.ones(2)))
    >>> [text.get_text().splitlines()[0] for text in figure.axes[0].texts[:5]]
    ['w', 'x', 'sub', 'pow', 'sum']
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure of the process

    places = _places(graph)
    columns, rows = (1 + max(place[i] for place in places.values()) for i in (0, 1))
    figure = Figure(figsize=(max(4.0, 1.75 * columns), max(2.0, 1.15 * rows)), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.4, -0.6))
    axes.axis("off")
    boxes = {}
    for node in graph.nodes:
        leaf = node.operation in {"input", "constant"}
        text = axes.text(
            *places[node.name],
            _told(node),
            ha="center",
            va="center",
            fontsize=8,
            linespacing=1.35,
            bbox={
                "boxstyle": "square,pad=0.4" if leaf else "round,pad=0.4",
                "facecolor": "white",
                "edgecolor": BLUE if leaf else VERMILION,
                "linewidth": 1.4,
            },
        )
        boxes[node.name] = text.get_bbox_patch()
    for node in graph.nodes:
        for name in node.inputs:
            arrow = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 0, "shrinkB": 1}
            between = {"patchA": boxes[name], "patchB": boxes[node.name]}
            axes.annotate("", xy=places[node.name], xytext=places[name], arrowprops=arrow | between, zorder=2)
    return figure


def _places(graph: Graph) -> dict[str, tuple[float, float]]:
    """Column: the longest way from an input. Row: the order within a column, centred on the tallest."""
    depths: dict[str, int] = {}
    for node in graph.nodes:
        depths[node.name] = 1 + max((depths[name] for name in node.inputs), default=-1)
    columns = [[name for name in depths if depths[name] == depth] for depth in range(1 + max(depths.values()))]
    tallest = max(map(len, columns))
    return {
        name: (float(depth), row + (tallest - len(column)) / 2)
        for depth, column in enumerate(columns)
        for row, name in enumerate(column)
    }


def _told(node: Node) -> str:
    name = node.name if node.operation == "input" else node.operation
    lines = [name, node.shown_value]
    return "\n".join(lines if node.gradient is None else [*lines, f"∇ {node.shown_gradient}"])
