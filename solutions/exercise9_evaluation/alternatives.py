"""Right answers to exercise 9 in other forms, all of which the checks must pass."""

import math

import numpy as np
import torch

from checker.spec import alternative, equivalent


@alternative("predict")
def of_the_probability(s):
    return (torch.sigmoid(s) >= 0.5).to(torch.int64)


@alternative("predict")
def chosen(s):
    return torch.where(s < 0, 0, 1)


@alternative("predict")
def step_function(s):
    return torch.heaviside(s, torch.ones_like(s)).long()


@alternative("predict")
def half_up(s):
    return torch.floor(torch.sigmoid(s) + 0.5).long()


@alternative("predict")
def in_place_of_its_own(s):
    return torch.zeros_like(s, dtype=torch.int64).masked_fill_(s >= 0, 1)


@alternative("predict")
def not_negative(s):
    return torch.logical_not(s < 0).long()


@alternative("predict")
def one_by_one(s):
    return torch.tensor([int(logit >= 0) for logit in s.flatten().tolist()], dtype=torch.int64).reshape(s.shape)


@alternative("predict")
def in_buckets(s):
    return torch.bucketize(s.contiguous(), s.new_zeros(1), right=True)


@alternative("predict")
def two_probabilities(s):
    return torch.ge(torch.sigmoid(s), torch.sigmoid(-s)).long()


@alternative("accuracy")
def in_double(s, y):
    return ((s >= 0) == y.bool()).double().mean()


@alternative("accuracy")
def in_half_precision(s, y):
    return torch.eq(torch.sigmoid(s) >= 0.5, y).bfloat16().mean()


@alternative("accuracy")
def count_divided(s, y):
    return ((s >= 0).long() == y).sum() / len(y)


@alternative("accuracy")
def one_minus_the_errors(s, y):
    return 1 - ((s >= 0).long() - y).abs().to(s.dtype).mean()


@alternative("accuracy")
def from_a_number(s, y):
    right = sum((logit >= 0) == (label == 1) for logit, label in zip(s.tolist(), y.tolist(), strict=True))
    return torch.tensor(right / len(y), device=s.device)


@alternative("accuracy")
def dot_product(s, y):
    p = torch.where(s >= 0, 1.0, 0.0)
    return (p @ y.float() + (1 - p) @ (1 - y.float())) / y.numel()


@alternative("evaluate")
def all_at_once(logits_fn, params, batches):
    xs, ys = zip(*batches, strict=True)
    with torch.inference_mode():
        s = logits_fn(params, torch.cat(xs))
        return ((s >= 0) == torch.cat(ys)).double().mean().item()


@alternative("evaluate")
def detached_parameters(logits_fn, params, batches):
    params = {name: value.detach() for name, value in params.items()}
    right = [((logits_fn(params, x) >= 0).long() == y).tolist() for x, y in batches]
    return float(np.mean(np.concatenate(right)))


@alternative("evaluate")
@torch.no_grad()
def decorated(logits_fn, params, batches):
    weighted = sum(((torch.sigmoid(logits_fn(params, x)) >= 0.5) == y).float().mean() * len(y) for x, y in batches)
    return float(weighted / sum(len(y) for _, y in batches))


@alternative("evaluate")
def running_mean(logits_fn, params, batches):
    mean, seen = 0.0, 0
    for x, y in batches:
        with torch.no_grad():
            here = ((logits_fn(params, x) >= 0) == (y == 1)).float().mean().item()
        seen += len(y)
        mean += (here - mean) * len(y) / seen
    return mean


@alternative("evaluate")
def one_example_at_a_time(logits_fn, params, batches):
    examples = [(a, b) for x, y in batches for a, b in zip(x, y, strict=True)]
    with torch.no_grad():
        return math.fsum((logits_fn(params, a[None]).item() >= 0) == bool(b) for a, b in examples) / len(examples)


@alternative("evaluate")
def from_the_confusion(logits_fn, params, batches):
    counts = torch.zeros(2, 2, dtype=torch.int64)
    previous = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        for x, y in batches:
            counts += torch.bincount(2 * y + (logits_fn(params, x) >= 0), minlength=4).reshape(2, 2).cpu()
    finally:
        torch.set_grad_enabled(previous)
    return (counts.trace() / counts.sum()).item()


@alternative("confusion_matrix")
def counted(predicted, y):
    return torch.bincount(2 * y + predicted, minlength=4).reshape(2, 2)


@alternative("confusion_matrix")
def one_hot_product(predicted, y):
    one_hot = torch.nn.functional.one_hot
    return one_hot(y, 2).T @ one_hot(predicted, 2)


@alternative("confusion_matrix")
def added_in_place(predicted, y):
    counts = torch.zeros(2, 2, dtype=torch.long, device=y.device)
    return counts.index_put_((y, predicted), torch.ones_like(y), accumulate=True)


@alternative("confusion_matrix")
def python_counts(predicted, y):
    pairs = list(zip(y.tolist(), predicted.tolist(), strict=True))
    return torch.tensor([[pairs.count((i, j)) for j in (0, 1)] for i in (0, 1)], device=y.device)


@alternative("confusion_matrix")
def from_sums(predicted, y):
    both, ones, said = (y * predicted).sum(), y.sum(), predicted.sum()
    flat = torch.stack([len(y) - ones - said + both, said - both, ones - both, both])
    return flat.view(2, 2)


@alternative("confusion_matrix")
def through_numpy(predicted, y):
    counts = np.zeros((2, 2), dtype=np.int64)
    np.add.at(counts, (y.cpu().numpy(), predicted.cpu().numpy()), 1)
    return torch.from_numpy(counts).to(y.device)


@alternative("probability_grid")
def by_the_other_indexing(logits_fn, params, low, high, steps):
    axis = torch.tensor(np.linspace(low, high, steps)).to(params["b"])
    x1, x2 = torch.meshgrid(axis, axis, indexing="xy")
    return logits_fn(params, torch.stack([x1, x2], dim=-1).reshape(-1, 2)).sigmoid().view(steps, steps)


@alternative("probability_grid")
def row_by_row(logits_fn, params, low, high, steps):
    like = next(iter(params.values()))
    axis = low + (high - low) / (steps - 1) * torch.arange(steps, dtype=like.dtype, device=like.device)
    rows = [logits_fn(params, torch.stack([axis, x2.expand(steps)], dim=1)) for x2 in axis]
    return torch.sigmoid(torch.stack(rows))


@alternative("probability_grid")
def point_by_point(logits_fn, params, low, high, steps):
    like = params["w"]
    numbers = [low + (high - low) * k / (steps - 1) for k in range(steps)]
    rows = [[logits_fn(params, like.new_tensor([[x1, x2]]))[0] for x1 in numbers] for x2 in numbers]
    return torch.stack([torch.stack(row) for row in rows]).sigmoid()


@alternative("probability_grid")
def cartesian_product(logits_fn, params, low, high, steps):
    like = params["v"]
    axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)
    points = torch.cartesian_prod(axis, axis).flip(1)
    with torch.no_grad():
        return 1 / (1 + torch.exp(-logits_fn(params, points).unflatten(0, (steps, steps))))


@alternative("probability_grid")
def transposed_at_the_end(logits_fn, params, low, high, steps):
    like = params["v"]
    axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)
    points = torch.cartesian_prod(axis, axis)
    return torch.special.expit(logits_fn(params, points)).reshape(steps, steps).T


@alternative("probability_grid")
def mapped_over_points(logits_fn, params, low, high, steps):
    like = params["w"]
    axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)
    one = lambda x1, x2: torch.sigmoid(logits_fn(params, torch.stack([x1, x2])[None]))[0]  # noqa: E731
    return torch.func.vmap(torch.func.vmap(one, (0, None)), (None, 0))(axis, axis)


equivalent(
    "probability_grid",
    "axis = torch.linspace(low, high, steps, dtype=like.dtype, device=like.device) -> "
    "axis = torch.linspace(low, high, steps, dtype=like.dtype)",
    "on the CPU that is the default; a GPU shows the difference, as keeps_device",
)
equivalent(
    "probability_grid",
    "x2, x1 = torch.meshgrid(axis, axis, indexing='ij') -> x2, x1 = torch.meshgrid(axis, axis)",
    "'ij' is the default of this torch, which warns that it will not be for ever",
)
