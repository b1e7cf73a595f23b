"""The figure, by what it holds: where the line runs, where the points lie, which colour is which class."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from tests.xorfunc.problems import network_logits, solved_xor
from xorfunc.data import continuous_xor
from xorfunc.evaluate import probability_grid
from xorfunc.plot import BLUE, VERMILION, decision_boundary
from xorfunc.random import key

POINTS = torch.tensor([[0.1, 0.9], [0.8, 0.2]])
CLASSES = torch.tensor([0, 1])


def right_and_a_little_up(params, x):
    """P(Y = 1) grows to the right, and a quarter as much upwards: no flip or swap of the axes leaves it alone."""
    return params["slope"] * (4 * x[:, 0] + x[:, 1] - 3)


def drawn():
    grid = probability_grid(right_and_a_little_up, {"slope": torch.tensor(10.0)}, 0.0, 1.0, 41)
    return decision_boundary(grid, POINTS, CLASSES, low=0.0, high=1.0)


def line_of_one_half(figure):
    """The vertices of the contour that is drawn as a line."""
    (line,) = [c for c in figure.axes[0].collections if list(getattr(c, "levels", [])) == [0.5]]
    return np.concatenate([path.vertices for path in line.get_paths()])


def test_the_line_runs_where_the_model_is_undecided():
    x1, x2 = line_of_one_half(drawn()).T
    assert len(x1) > 10
    # Linear interpolation of the sigmoid between grid points 1/40 apart.
    np.testing.assert_allclose(4 * x1 + x2, 3, atol=0.01)


def test_the_colour_on_each_side_is_that_of_its_class():
    figure = drawn()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels, axes = np.asarray(canvas.buffer_rgba()), figure.axes[0]

    def colour_at(x1, x2):
        column, row = axes.transData.transform((x1, x2))
        return pixels[len(pixels) - 1 - int(row), int(column), :3].astype(int)

    # At x1 = 0.7 the class changes with x2, so a flip shows; right below and left above, a swap of the axes does.
    for x1, x2, red_over_blue in [(0.7, 0.05, -1), (0.7, 0.95, 1), (0.95, 0.05, 1), (0.05, 0.95, -1)]:
        red, _, blue = colour_at(x1, x2)
        assert red_over_blue * (red - blue) > 25


def test_samples_lie_at_x1_to_the_right_and_x2_upwards_each_in_its_class():
    figure = drawn()
    axes = figure.axes[0]
    scatters = {c.get_label(): c for c in axes.collections if c.get_label().startswith("y = ")}
    assert scatters["y = 0"].get_offsets().tolist() == [pytest.approx([0.1, 0.9])]
    assert scatters["y = 1"].get_offsets().tolist() == [pytest.approx([0.8, 0.2])]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["P(Y = 1) = 0.5", "y = 0", "y = 1"]
    shapes = [scatter.get_paths()[0].vertices for scatter in scatters.values()]
    assert shapes[0].shape != shapes[1].shape, "no class is told by its colour alone"
    assert [tuple(scatter.get_facecolor()[0]) for scatter in scatters.values()] == [to_rgba(BLUE), to_rgba(VERMILION)]


def test_axes_are_named_equal_and_as_wide_as_the_grid():
    axes, colour_bar = drawn().axes
    assert (axes.get_xlabel(), axes.get_ylabel(), colour_bar.get_ylabel()) == ("x1", "x2", "P(Y = 1)")
    assert axes.get_xlim() == axes.get_ylim() == (0.0, 1.0)
    assert axes.get_aspect() == 1.0


@pytest.mark.parametrize("constant", [0.0, 0.3, 0.5, 1.0])
def test_a_model_that_is_never_undecided_has_no_line(constant):
    figure = decision_boundary(torch.full((3, 3), constant), POINTS, CLASSES, low=-1, high=1)
    assert not [c for c in figure.axes[0].collections if list(getattr(c, "levels", [])) == [0.5]]


def test_a_figure_can_be_saved_without_samples_of_a_class(tmp_path):
    grid = probability_grid(network_logits, solved_xor(), -0.5, 1.5, 21)
    x, y = continuous_xor(key(0), 30, 0.1)
    decision_boundary(grid, x[y == 1], y[y == 1], low=-0.5, high=1.5).savefig(tmp_path / "xor.png")
    assert (tmp_path / "xor.png").read_bytes().startswith(b"\x89PNG")


def test_a_grid_too_small_for_a_contour_is_refused():
    with pytest.raises(ValueError, match=r"probability has shape \(1, 1\)"):
        decision_boundary(torch.zeros(1, 1), POINTS, CLASSES, low=0, high=1)


def test_drawing_touches_no_pyplot():
    program = """
import sys, torch
from xorfunc.plot import decision_boundary
assert "matplotlib" not in sys.modules
decision_boundary(torch.eye(3), torch.zeros(1, 2), torch.tensor([0]), low=0, high=1)
assert "matplotlib.figure" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
