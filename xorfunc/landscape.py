"""The loss around trained parameters: a plane through parameter space, and the way that a training took across it.

Seventeen dimensions can't be drawn, two can. A plane is a point and two directions, each a dict like the parameters.
`random_direction` shows how sharp a minimum is, at the scale of the weights themselves; `principal_directions` shows a
training, which hardly moves in random ones (Li et al. 2018, "Visualizing the loss landscape of neural nets",
https://arxiv.org/abs/1712.09913). `xorfunc.plot.loss_surface` draws what is computed here.
"""

from collections.abc import Mapping
from typing import TypeAlias

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from xorfunc.params import LossFn, Params, require_names
from xorfunc.random import Key, normal, split

Directions: TypeAlias = tuple[Params, Params]  # each named and shaped as the parameters
AT_ONCE = 512  # points of a surface: more only take more memory


def random_direction(key: Key, params: Params) -> Params:
    """A direction of normal numbers, each unit's as long as the unit's own weights.

        d_i <- d_i / |d_i| * |w_i|    for each row i of a weight

    So large weights, which a given step changes less, take longer steps: two relu networks that compute the same, one
    with a layer ten times as large and the next a tenth, have the same surface (section 4 of Li et al. 2018). A vector,
    such as a bias, is scaled as a whole, and one of zeros stays where it is.

    Args:
        key: a random key; the order of the names doesn't matter.
        params: parameters to look around.

    >>> from xorfunc.random import key
    >>> params = {"weight": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.tensor([0.6, 0.8])}
    >>> direction = random_direction(key(0), params)
    >>> direction["weight"].norm(dim=1), round(direction["bias"].norm().item(), 4)
    (tensor([5., 0.]), 1.0)
    """
    drawn = {
        name: normal(k, tuple(params[name].shape), params[name].dtype)
        for name, k in zip(sorted(params), split(key, len(params)), strict=True)
    }
    return {name: drawn[name] * _length(p.detach()) / _length(drawn[name]) for name, p in params.items()}


def principal_directions(paths: Mapping[str, Shaped[Tensor, "T *_"]]) -> Directions:
    """The plane through the end of a training that comes closest to all of it: two orthonormal directions.

    They are the first two right singular vectors of the moments less the last one; the start has no negative
    coordinates (section 7 of Li et al. 2018, which centres the moments; here the plane goes through the end).

    Args:
        paths: for each name the parameter at T moments, start to end, `[T, *shape]`.

    Raises:
        ValueError: if names differ in T, or there are not at least 2 moments and 2 entries.

    >>> first, second = principal_directions({"w": torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]])})
    >>> first["w"].abs(), second["w"].abs()
    (tensor([1., 0.]), tensor([0., 1.]))
    """
    lengths = {name: len(path) for name, path in paths.items()}
    if len(set(lengths.values())) != 1 or min(lengths.values()) < 2 or sum(p[0].numel() for p in paths.values()) < 2:
        raise ValueError(
            f"paths has {lengths!r} moments: a plane needs the same 2 or more of each parameter, and 2 or more entries "
            "in all. Stack the parameters of every epoch."
        )
    moments = _flat(paths)
    _, _, vectors = torch.linalg.svd(moments - moments[-1], full_matrices=False)
    signs = torch.where(vectors[:2] @ (moments[0] - moments[-1]) < 0, -1.0, 1.0).to(moments.dtype)
    first, second = vectors[:2] * signs[:, None]
    shapes = {name: path[0] for name, path in paths.items()}
    return _like(first, shapes), _like(second, shapes)


@torch.no_grad()
def loss_surface(
    loss_fn: LossFn,
    params: Params,
    directions: Directions,
    x: Shaped[Tensor, "N *x"],
    y: Shaped[Tensor, "N *y"],
    *,
    low: float = -1.0,
    high: float = 1.0,
    steps: int = 41,
) -> Float[Tensor, "{steps} {steps}"]:
    """The loss on a square grid of a plane, ends included: row = second coordinate, upwards, column = first.

        surface[j, i] = loss(params + a_i first + a_j second),    a = low, ..., high

    Args:
        loss_fn: mean loss of all examples; it runs at many points at once, under `vmap`.
        params: the point (0, 0), such as trained parameters.
        directions: the first and the second.
        x: inputs.
        y: their targets.
        low: first coordinate in both directions.
        high: last coordinate in both directions.
        steps: points in each direction.

    Raises:
        ValueError: if a direction has other names or shapes than `params`, or there are fewer than 2 steps.

    >>> loss_fn = lambda params, x, y: (params["w"] - y).square().sum()
    >>> across, upwards = {"w": torch.tensor([1.0, 0.0])}, {"w": torch.tensor([0.0, 2.0])}
    >>> loss_surface(loss_fn, {"w": torch.zeros(2)}, (across, upwards), torch.zeros(2), torch.zeros(2), steps=3)
    tensor([[5., 4., 5.],
            [1., 0., 1.],
            [5., 4., 5.]])
    """
    if steps < 2:
        raise ValueError(f"steps={steps!r}: a surface has at least 2 points in each direction. Raise it.")
    for direction in directions:
        _require_like(params, direction, "loss_surface")
    first, second = directions
    like = next(iter(params.values()))
    axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)

    def loss_at(a: Tensor, b: Tensor) -> Tensor:
        return loss_fn({name: p + a * first[name] + b * second[name] for name, p in params.items()}, x, y)

    b, a = torch.meshgrid(axis, axis, indexing="ij")
    return torch.func.vmap(loss_at, chunk_size=AT_ONCE)(a.flatten(), b.flatten()).reshape(steps, steps)


def coordinates(
    paths: Mapping[str, Shaped[Tensor, "T *_"]], params: Params, directions: Directions
) -> Float[Tensor, "T 2"]:
    """Where a training was in the plane: at each moment the point of the plane that is nearest to its parameters.

    Args:
        paths: for each name the parameter at T moments `[T, *shape]`.
        params: the point (0, 0) of the plane.
        directions: the first and the second; they need not be orthogonal.

    Raises:
        ValueError: if a direction has other names or shapes than `params`, or `paths` other names.

    >>> across, upwards = {"w": torch.tensor([1.0, 0.0, 0.0])}, {"w": torch.tensor([0.0, 2.0, 0.0])}
    >>> paths = {"w": torch.tensor([[3.0, 4.0, 5.0], [0.0, 0.0, 0.0]])}
    >>> coordinates(paths, {"w": torch.zeros(3)}, (across, upwards))
    tensor([[3., 2.],
            [0., 0.]])
    """
    require_names(dict(paths), params, "coordinates")
    for direction in directions:
        _require_like(params, direction, "coordinates")
    ordered = {name: paths[name] for name in params}
    plane = _flat({name: torch.stack([d[name] for d in directions]) for name in params})
    moved = _flat(ordered) - _flat({name: p[None] for name, p in params.items()})
    return moved @ torch.linalg.pinv(plane)


def _length(t: Tensor) -> Tensor:
    """Of each row of a matrix (of each filter, where there are more dimensions), or of a vector."""
    return torch.linalg.vector_norm(t, dim=tuple(range(1 if t.ndim > 1 else 0, t.ndim)), keepdim=True)


def _flat(paths: Mapping[str, Tensor]) -> Tensor:
    """All parameters of each moment in one row `[T, P]`."""
    return torch.cat(
        [path.detach().flatten(1) if path.ndim > 1 else path.detach()[:, None] for path in paths.values()], 1
    )


def _like(vector: Tensor, shapes: Mapping[str, Tensor]) -> Params:
    pieces = vector.split([t.numel() for t in shapes.values()])
    return {name: piece.reshape(t.shape) for (name, t), piece in zip(shapes.items(), pieces, strict=True)}


def _require_like(params: Params, direction: Params, needed_by: str) -> None:
    require_names(direction, params, needed_by)
    for name, p in params.items():
        if direction[name].shape != p.shape:
            raise ValueError(
                f"{name!r} has shape {tuple(direction[name].shape)!r} in a direction, {tuple(p.shape)!r} in params: a "
                "direction is added to the parameters. Does it come from the same model?"
            )
