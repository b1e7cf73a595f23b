"""Planes through parameter space, against losses whose surface is known, loops, and what must not change it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.xorfunc.problems import network_loss
from tests.xorfunc.strategies import dtypes, keys, normal, param_dicts, seeds, sizes, training_problems
from xorfunc.data import continuous_xor
from xorfunc.landscape import coordinates, loss_surface, principal_directions, random_direction
from xorfunc.model import init_params
from xorfunc.random import key, split
from xorfunc.train import fit

NOTHING = torch.zeros(1)


def directions_of(k, params):
    first, second = split(k)
    return random_direction(first, params), random_direction(second, params)


def moved(params, directions, a, b):
    first, second = directions
    return {name: p + a * first[name] + b * second[name] for name, p in params.items()}


def relu_loss(params, x, y):
    h = torch.relu(x @ params["linear_h.weight"].mT + params["linear_h.bias"])
    return (h @ params["linear_s.weight"].mT + params["linear_s.bias"] - y[:, None]).square().mean()


@given(problem=training_problems(), k=keys)
def test_a_surface_holds_the_loss_at_each_of_its_points(problem, k):
    params, x, y = problem
    directions = directions_of(k, params)
    surface = loss_surface(network_loss, params, directions, x, y, low=-1, high=2, steps=4)
    assert (surface.shape, surface.dtype) == ((4, 4), x.dtype)
    for row, b in enumerate((-1, 0, 1, 2)):
        for column, a in enumerate((-1, 0, 1, 2)):
            expected = network_loss(moved(params, directions, a, b), x, y)
            torch.testing.assert_close(surface[row, column], expected, rtol=1e-4, atol=1e-5)  # batched sums round apart


def test_the_first_direction_is_the_column_and_the_second_the_row_upwards():
    across, upwards = {"w": torch.tensor([1.0, 0.0])}, {"w": torch.tensor([0.0, 10.0])}
    surface = loss_surface(
        lambda p, x, y: p["w"].sum(), {"w": torch.zeros(2)}, (across, upwards), NOTHING, NOTHING, low=0, high=2, steps=3
    )
    assert surface.tolist() == [[0, 1, 2], [10, 11, 12], [20, 21, 22]]


def test_a_surface_larger_than_what_runs_at_once_has_no_seam():
    across, upwards = {"w": torch.tensor([1.0, 0.0])}, {"w": torch.tensor([0.0, 1.0])}
    at = torch.linspace(-1, 1, 37)
    surface = loss_surface(
        lambda p, x, y: p["w"].square().sum(), {"w": torch.zeros(2)}, (across, upwards), NOTHING, NOTHING, steps=37
    )
    torch.testing.assert_close(surface, at[:, None] ** 2 + at**2)


def test_a_surface_of_parameters_that_require_grad_is_plain():
    params = {name: p.requires_grad_() for name, p in init_params(key(0), 2, 3, 1).items()}
    x, y = continuous_xor(key(1), 9, 0.1)
    directions = directions_of(key(2), params)
    assert not any(d.requires_grad for direction in directions for d in direction.values())
    assert not loss_surface(network_loss, params, directions, x, y, steps=2).requires_grad
    assert all(p.requires_grad and p.grad is None for p in params.values())


@given(k=keys, params=dtypes.flatmap(param_dicts))
def test_a_random_direction_is_as_long_as_each_units_weights(k, params):
    direction = random_direction(k, params)
    for name, p in params.items():
        assert (direction[name].shape, direction[name].dtype) == (p.shape, p.dtype)
        dims = -1  # a row of a matrix, or all of a vector
        torch.testing.assert_close(direction[name].norm(dim=dims), p.norm(dim=dims))


@given(k=keys, shape=st.lists(sizes, max_size=4))
def test_a_filter_is_scaled_as_a_whole(k, shape):
    w = normal(0, tuple(shape))
    direction = random_direction(k, {"w": w})["w"]
    rows = (direction.flatten(1), w.flatten(1)) if w.ndim > 1 else (direction.reshape(1, -1), w.reshape(1, -1))
    torch.testing.assert_close(rows[0].norm(dim=1), rows[1].norm(dim=1))


@given(k=keys, scale=st.floats(0.1, 10))
def test_a_network_that_computes_the_same_with_other_weights_has_the_same_surface(k, scale):
    params = {name: p + 0.1 for name, p in init_params(key(0), 2, 3, 1).items()}  # biases that are not zero
    rescaled = {name: p * (scale if name.startswith("linear_h") else 1) for name, p in params.items()}
    rescaled["linear_s.weight"] = params["linear_s.weight"] / scale
    x, y = continuous_xor(key(1), 20, 0.1)
    surfaces = [loss_surface(relu_loss, p, directions_of(k, p), x, y, steps=5) for p in (params, rescaled)]
    torch.testing.assert_close(*surfaces, rtol=1e-3, atol=1e-4)  # float32, and losses of some tens at the rim


def test_a_random_direction_depends_on_its_key_and_not_on_the_order_of_the_names():
    params = init_params(key(0), 2, 3, 1)
    turned = dict(reversed(params.items()))
    first, same, other = (random_direction(key(k), p) for k, p in ((1, params), (1, turned), (2, params)))
    assert all(torch.equal(first[name], same[name]) for name in params)
    assert not torch.equal(first["linear_h.weight"], other["linear_h.weight"])


def test_a_parameter_of_zeros_has_no_direction():
    assert random_direction(key(0), {"b": torch.zeros(3)})["b"].tolist() == [0, 0, 0]


@given(problem=training_problems(), k=keys, seed=seeds)
def test_points_of_the_plane_have_the_coordinates_that_made_them(problem, k, seed):
    params = {name: p.double() for name, p in problem[0].items()}
    directions = directions_of(k, params)
    at = normal(seed, (5, 2), torch.float64)
    points = [moved(params, directions, a, b) for a, b in at]
    found = coordinates(stacked(points), params, directions)
    # Two directions among few parameters may be nearly parallel; that many digits are then lost.
    again = [moved(params, directions, a, b) for a, b in found]
    for name, p in stacked(points).items():
        torch.testing.assert_close(stacked(again)[name], p, rtol=1e-6, atol=1e-6)


def test_beside_the_plane_the_nearest_point_counts_whatever_the_order_of_the_names():
    params = {"w": torch.zeros(2), "b": torch.zeros(())}
    directions = (
        {"w": torch.tensor([1.0, 0.0]), "b": torch.tensor(0.0)},
        {"w": torch.tensor([1.0, 1.0]), "b": torch.tensor(0.0)},
    )
    paths = {"b": torch.tensor([5.0]), "w": torch.tensor([[3.0, 1.0]])}
    torch.testing.assert_close(coordinates(paths, params, directions), torch.tensor([[2.0, 1.0]]))


@given(seed=seeds, num=st.integers(3, 8), dtype=dtypes)
def test_the_principal_plane_is_orthonormal_and_comes_closer_than_another(seed, num, dtype):
    paths = {"w": normal(seed, (num, 2, 3), dtype), "b": normal(seed + 1, (num,), dtype)}
    end = {name: path[-1] for name, path in paths.items()}
    best = principal_directions(paths)
    first, second = (torch.cat([d["w"].flatten(), d["b"].flatten()]) for d in best)
    torch.testing.assert_close(
        torch.stack([first @ first, second @ second, first @ second]), first.new_tensor([1, 1, 0])
    )
    other = directions_of(key(seed), end)
    assert distance(paths, end, best) <= distance(paths, end, other) * (1 + 1e-4)


def test_a_training_in_a_plane_lies_in_its_principal_plane_and_starts_at_no_negative_place():
    x, y = continuous_xor(key(0), 50, 0.1)
    params = init_params(key(1), 2, 3, 1)
    directions = directions_of(key(2), params)
    paths = stacked([moved(params, directions, a, b) for a, b in [(3.0, 1.0), (1.0, 2.0), (0.5, 0.0), (0.0, 0.0)]])
    found = principal_directions(paths)
    at = coordinates(paths, params, found)
    assert distance(paths, params, found) < 1e-8
    assert (at[0] >= 0).all()
    torch.testing.assert_close(at[-1], torch.zeros(2), rtol=0, atol=1e-5)
    surface = loss_surface(network_loss, params, found, x, y, low=0, high=float(at[0, 0]), steps=2)
    torch.testing.assert_close(surface[0, 0], network_loss(params, x, y))


def test_a_real_training_goes_downhill_on_its_surface():
    x, y = continuous_xor(key(0), 100, 0.1)
    moments = [init_params(key(1), 2, 4, 1)]
    for epoch in range(4):
        moments.append(fit(key(epoch), network_loss, moments[-1], x, y, num_epochs=5).params)
    paths = stacked(moments)
    at = coordinates(paths, moments[-1], principal_directions(paths))
    directions = principal_directions(paths)
    losses = [network_loss(moved(moments[-1], directions, a, b), x, y) for a, b in at]
    assert losses[0] > losses[-1]
    assert at[0].norm() == max(place.norm() for place in at)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, d: loss_surface(network_loss, p, d, NOTHING, NOTHING, steps=1), "steps=1"),
        (lambda p, d: loss_surface(network_loss, p, (d[0], {}), NOTHING, NOTHING), "loss_surface needs exactly"),
        (lambda p, d: coordinates({}, p, d), "coordinates needs exactly"),
        (
            lambda p, d: loss_surface(network_loss, p, (d[0] | {"linear_h.bias": NOTHING}, d[1]), NOTHING, NOTHING),
            r"'linear_h.bias' has shape \(1,\) in a direction, \(3,\) in params",
        ),
        (lambda p, d: principal_directions({}), "paths has {} moments"),
        (lambda p, d: principal_directions({"w": torch.zeros(1, 3)}), "paths has {'w': 1} moments"),
        (lambda p, d: principal_directions({"w": torch.zeros(4, 1)}), "2 or more entries"),
    ],
)
def test_what_spans_no_plane_is_refused(no_shape_checks, call, message):
    params = init_params(key(0), 2, 3, 1)
    with pytest.raises(ValueError, match=message):
        call(params, directions_of(key(1), params))


def stacked(moments):
    return {name: torch.stack([moment[name] for moment in moments]) for name in moments[0]}


def distance(paths, origin, directions):
    """The mean square of what the plane leaves out."""
    at = coordinates(paths, origin, directions)
    inside = stacked([moved(origin, directions, a, b) for a, b in at])
    return sum(float((paths[name] - inside[name]).double().square().sum()) for name in paths)
