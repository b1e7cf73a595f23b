"""The figures, by what they hold: where lines run and points lie, which colour is which class, what axes are called."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from tests.xorfunc.problems import network_logits, solved_xor
from xorfunc.data import continuous_xor
from xorfunc.evaluate import probability_grid
from xorfunc.graph import trace
from xorfunc.plot import (
    BLUE,
    VERMILION,
    computation_graph,
    decision_boundary,
    ensemble,
    loss_curves,
    loss_surface,
    matmul_times,
    network,
    parameter_paths,
    samples,
    scaling,
    styles,
    training_animation,
)
from xorfunc.plot.palette import look
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


AT = torch.linspace(-1.0, 1.0, 21)
SLOPED = torch.sigmoid(4 * AT + AT[:, None])  # row = x2, column = x1
NETWORK = {
    "linear_h.weight": torch.tensor([[4.0, -1.0], [2.0, 0.5], [-0.5, 1.0]]),
    "linear_h.bias": torch.tensor([0.25, -1.5, 0.0]),
    "linear_s.weight": torch.tensor([[1.0, -2.0, 3.0]]),
    "linear_s.bias": torch.tensor([-0.75]),
}
FALLING = torch.tensor([0.7, 0.4, 0.1])


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film and where it was written, once for all that look at it."""
    path = tmp_path_factory.mktemp("film") / "film.gif"
    grids = torch.stack([SLOPED.T, SLOPED.T, SLOPED])
    moving = training_animation(grids, POINTS, CLASSES, FALLING, low=-1.0, high=1.0)
    moving.save(path, writer="pillow")
    return moving, path


FIGURES = {
    "scaling": lambda: scaling([1, 10], {"loop": [0.1, 1.0], "vmap": [0.1, 0.2]}, xlabel="members"),
    "styles": lambda: styles(functional=FALLING, module=FALLING, seconds={"functional": 2e-4, "module": 1e-4}),
    "loss_curves": lambda: loss_curves({"sgd": FALLING, "adam": FALLING[:2]}),
    "samples": lambda: samples(POINTS, CLASSES),
    "ensemble": lambda: ensemble(SLOPED, SLOPED.square(), POINTS, CLASSES, low=-1.0, high=1.0),
    "network": lambda: network(NETWORK),
    "parameter_paths": lambda: parameter_paths({"w": torch.eye(4).reshape(4, 2, 2), "b": FALLING.repeat(2)[:4]}),
    "matmul_times": lambda: matmul_times([8, 64], {"CPU": [1e-6, 1e-4], "GPU": [1e-5, 2e-5]}),
    "loss_surface": lambda: loss_surface(SLOPED, low=-1.0, high=1.0, path=POINTS),
}

every_figure = pytest.mark.parametrize("name", FIGURES)


def legend_of(figure):
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    return [text.get_text() for legend in legends for text in legend.get_texts()]


@every_figure
def test_a_figure_is_saved_and_leaves_the_settings_of_matplotlib_alone(name, tmp_path):
    before = dict(matplotlib.rcParams)
    FIGURES[name]().savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before


def test_no_figure_is_left_in_the_registry_of_pyplot(film):
    import matplotlib.pyplot as plt

    for draw in FIGURES.values():
        draw()
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("scaling", [("members", "seconds")]),
        ("styles", [("", "loss, nats"), ("microseconds a step", ""), ("epoch", "|difference|")]),
        ("loss_curves", [("epoch", "mean loss, nats")]),
        ("samples", [("x1", "x2")]),
        ("ensemble", [("x1", "x2"), ("x1", ""), ("", "P(Y = 1)"), ("", "disagreement")]),
        ("parameter_paths", [("step", "value"), ("step", "value")]),
        ("matmul_times", [("n, side of both matrices", "seconds")]),
        ("loss_surface", [("first direction", "second direction"), ("", "loss")]),
    ],
)
def test_the_axes_of_a_figure_say_what_they_measure(name, labels):
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in FIGURES[name]().axes] == labels


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("scaling", ["loop", "vmap"]),
        ("styles", ["functional", "module"]),
        ("loss_curves", ["sgd", "adam"]),
        ("samples", ["y = 0", "y = 1"]),
        ("ensemble", ["P(Y = 1) = 0.5", "y = 0", "y = 1"]),
        ("network", ["weight > 0", "weight < 0", "|weight| = 4", "bias"]),
        ("parameter_paths", ["[0, 0]", "[0, 1]", "[1, 0]", "[1, 1]"]),
        ("matmul_times", ["CPU", "GPU", "proportional to $n^3$"]),
        ("loss_surface", ["path", "start", "end"]),
    ],
)
def test_a_legend_names_every_series(name, entries):
    assert legend_of(FIGURES[name]()) == entries


def test_the_first_series_of_a_figure_differ_in_more_than_colour():
    assert len({(look(i)["linestyle"], look(i)["marker"]) for i in range(28)}) == 28
    assert len({(look(i)["color"], look(i)["linestyle"]) for i in range(28)}) == 28


def test_a_series_holds_the_numbers_it_was_given():
    lines = FIGURES["scaling"]().axes[0].lines
    assert [list(line.get_ydata()) for line in lines] == [[0.1, 1.0], [0.1, 0.2]]
    assert all(list(line.get_xdata()) == [1, 10] for line in lines)


def test_the_prediction_of_a_matrix_product_ends_in_the_last_time_and_grows_with_the_cube():
    _, _, predicted = FIGURES["matmul_times"]().axes[0].lines
    assert list(predicted.get_ydata()) == pytest.approx([1e-4 / 8**3, 1e-4])


def test_styles_show_their_difference_and_microseconds():
    figure = styles(functional=FALLING, module=FALLING + torch.tensor([0, 0.25, 0]), seconds={"a": 3e-6, "b": 1e-6})
    _, bars, below = figure.axes
    assert below.lines[0].get_ydata().tolist() == pytest.approx([0, 0.25, 0], abs=1e-6)
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([3, 1])
    assert len({bar.get_hatch() for bar in bars.patches}) == 2, "no bar is told by its colour alone"


def test_losses_that_reach_zero_are_drawn_on_a_linear_axis():
    assert loss_curves({"sgd": torch.tensor([0.5, 0.0])}).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("name", ["ensemble", "loss_surface"])
def test_a_field_grows_to_the_right_and_a_little_upwards_as_its_model_does(name):
    axes = FIGURES[name]().axes[1 if name == "ensemble" else 0]
    figure = axes.figure
    for line in [*axes.lines, *axes.collections[1:]]:  # what lies upon the field
        line.set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())

    def brightness(x1, x2):
        column, row = axes.transData.transform((x1, x2))
        return pixels[len(pixels) - 1 - int(row), int(column), :3].astype(int).sum()

    grows = -1 if name == "ensemble" else 1  # agreement is white, and a high loss bright
    right, left, up, down = brightness(0.3, 0), brightness(-0.3, 0), brightness(0, 0.6), brightness(0, -0.6)
    assert grows * (right - left) > grows * (up - down) > 20


def test_a_line_of_the_network_shows_size_and_sign_of_its_weight():
    axes = FIGURES["network"]().axes[0]
    weights = [*NETWORK["linear_h.weight"].flatten().tolist(), *NETWORK["linear_s.weight"].flatten().tolist()]
    assert [line.get_linewidth() for line in axes.lines] == pytest.approx([6 * abs(w) / 4 for w in weights])
    looks = [(line.get_color(), line.get_linestyle()) for line in axes.lines]
    assert looks == [(VERMILION, "-") if w > 0 else (BLUE, "--") for w in weights]
    # From input x2, the lower one on the left, to the first hidden unit, the highest in the middle.
    assert (list(axes.lines[1].get_xdata()), list(axes.lines[1].get_ydata())) == ([0, 1], [-0.5, 1.0])


def test_the_network_has_its_biases_written_in():
    texts = [text.get_text() for text in FIGURES["network"]().axes[0].texts]
    assert texts[:6] == ["x1", "x2", "0.25", "-1.50", "0.00", "-0.75"]


def test_a_path_runs_from_its_start_to_its_end():
    lines = {line.get_label(): line.get_xydata() for line in FIGURES["loss_surface"]().axes[0].lines}
    np.testing.assert_allclose(lines["path"], POINTS)
    np.testing.assert_allclose(lines["start"], POINTS[:1])
    np.testing.assert_allclose(lines["end"], POINTS[1:])


@pytest.mark.parametrize("losses", [torch.zeros(3, 3), torch.full((3, 3), -2.0), torch.ones(2, 2)])
def test_a_flat_surface_can_be_drawn(losses, tmp_path):
    loss_surface(losses, low=0, high=1).savefig(tmp_path / "flat.png")


def test_a_film_has_a_frame_for_each_moment(film):
    from PIL import Image

    with Image.open(film[1]) as gif:
        assert gif.n_frames == 3


def test_the_last_frame_of_a_film_shows_its_grid_as_it_lies_and_its_loss(film):
    plane, curve, *_ = film[0]._fig.axes
    (image,) = plane.images
    assert image.origin == "lower"
    np.testing.assert_allclose(image.get_array(), SLOPED)
    np.testing.assert_allclose(curve.lines[-1].get_xydata(), [[3, FALLING[-1]]])
    assert (plane.get_xlabel(), plane.get_ylabel(), plane.get_title()) == ("x1", "x2", "moment 3 of 3")
    # A pixel's middle is its grid point: 20 steps from -1 to 1, and half a step beyond.
    assert image.get_extent() == pytest.approx([-1.05, 1.05, -1.05, 1.05])


NAN = torch.tensor([0.5, torch.nan])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: scaling([1], {}, xlabel="members"), "seconds has no series"),
        (lambda: scaling([1, 2], {"loop": [0.1]}, xlabel="members"), r"num has 2 entries, seconds\['loop'\] 1"),
        (lambda: scaling([1], {"loop": [0.0]}, xlabel="members"), r"seconds\['loop'\]\[0\] is 0.0"),
        (lambda: matmul_times([], {"CPU": []}), "sizes has 0 entries"),
        (lambda: loss_curves({}), "losses has no run"),
        (lambda: loss_curves({"sgd": NAN}), r"losses\['sgd'\]\[1\] is nan"),
        (
            lambda: styles(functional=FALLING, module=FALLING[:2], seconds={"a": 1.0}),
            "functional has 3 losses, module 2",
        ),
        (lambda: styles(functional=FALLING, module=FALLING, seconds={}), "seconds has no entry"),
        (lambda: styles(functional=FALLING, module=FALLING, seconds={"a": -1.0}), r"seconds\['a'\] is -1.0"),
        (lambda: samples(POINTS, CLASSES + 2), "y has 2, 3: the classes are 0 and 1"),
        (lambda: network({}), r"params has no 'linear_h.bias', 'linear_h.weight' \(it has nothing\)"),
        (lambda: network(NETWORK | {"linear_s.weight": torch.ones(1, 2)}), "linear_s.weight has shape"),
        (lambda: network(NETWORK | {"linear_h.bias": NAN}), "linear_h.weight has shape"),
        (lambda: parameter_paths({}), "paths has {} moments"),
        (lambda: parameter_paths({"w": torch.ones(2), "b": torch.ones(3)}), "paths has {'w': 2, 'b': 3} moments"),
        (lambda: parameter_paths({"w": NAN}), r"paths\['w'\] has a number that is not finite"),
        (lambda: loss_surface(NAN.expand(2, 2), low=0, high=1), "losses has a number that is not finite"),
        (lambda: loss_surface(SLOPED, low=0, high=1, path=torch.zeros(0, 2)), r"path has shape \(0, 2\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: samples(POINTS, CLASSES[:1]), "x has 2 examples, y 1"),
        (lambda: ensemble(SLOPED, SLOPED[1:], POINTS, CLASSES, low=0, high=1), "mean has shape"),
        (
            lambda: training_animation(SLOPED[None], POINTS, CLASSES, FALLING, low=0, high=1),
            "probabilities has 1 moments, losses 3",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_a_computation_graph_tells_value_and_gradient_of_each_node_and_runs_to_the_right():
    recorded = trace(lambda w, x: (x - w).square().sum(), torch.tensor([-1.0, 1.0]), torch.tensor([1.5, 2.5]))
    texts = computation_graph(recorded).axes[0].texts[:5]
    assert [text.get_text().splitlines()[0] for text in texts] == ["w", "x", "sub", "pow", "sum"]
    assert texts[0].get_text().splitlines()[1:] == ["[-1, 1]", "∇ [-5, -3]"]
    columns = [text.get_position()[0] for text in texts]
    assert columns == [0, 0, 1, 2, 3]
    assert len({text.get_position() for text in texts}) == 5
