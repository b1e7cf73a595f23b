"""Wrong answers to exercise 9 that students give, each with the sentence that helps."""

import torch

from checker.spec import misconception


def _predict(s):
    return (s >= 0).long()


def _right(s, y):
    return (s >= 0).long() == y


def _points(axis):
    x2, x1 = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x1.flatten(), x2.flatten()], dim=1)


def _axis(params, low, high, steps):
    like = next(iter(params.values()))
    return torch.linspace(low, high, steps, dtype=like.dtype, device=like.device)


def _grid(logits_fn, params, axis):
    return torch.sigmoid(logits_fn(params, _points(axis))).reshape(len(axis), len(axis))


@misconception(
    "predict", "At s = 0 the label is 1; this gives 0. `>` leaves the tie out, and torch.round takes 0.5 to the even 0."
)
def zero_for_a_tie(s):
    return (s > 0).long()


@misconception("predict", "0.5 is the threshold of the probability; that of the logit is 0, as sigmoid(0) = 0.5.")
def threshold_of_the_probability(s):
    return (s >= 0.5).long()


@misconception("predict", "Every probability is >= 0, so this always says 1: the probability's threshold is 0.5.")
def threshold_of_the_logit(s):
    return (torch.sigmoid(s) >= 0).long()


@misconception("predict", "A comparison gives bools, and labels are int64: add .long().")
def bools(s):
    return s >= 0


@misconception("predict", "These labels are floats: .long() makes int64 of a comparison.")
def floats(s):
    return (s >= 0).float()


@misconception("predict", "These labels have the dtype of the logits: .long() makes int64 of a comparison.")
def floats_like_the_logits(s):
    return (s >= 0).to(s.dtype)


@misconception("predict", "torch.round gives floats (and rounds 0.5 to the even 0): compare s with 0, and add .long().")
def rounded_probability(s):
    return torch.round(torch.sigmoid(s))


@misconception("predict", ".int() is int32: labels are int64, which is .long().")
def small_integers(s):
    return (s >= 0).int()


@misconception("predict", "These are probabilities: the label, 0 or 1, is asked for.")
def probabilities(s):
    return torch.sigmoid(s)


@misconception("predict", ".long() cuts the decimals off, so that all probabilities below 1 become 0: compare instead.")
def truncated_probability(s):
    return torch.sigmoid(s).long()


@misconception("predict", "The sign is -1, 0 or 1: labels are 0 and 1.")
def sign(s):
    return torch.sign(s).long()


@misconception("predict", "The labels are inverted: a large logit speaks for Y = 1.")
def inverted(s):
    return (s < 0).long()


@misconception(
    "predict", "argmax finds the largest of several logits, its place: here each logit decides between 0 and 1 alone."
)
def argmax(s):
    return s.argmax(dim=-1)


@misconception("predict", "The sign bit of -0.0 is set, and yet it is 0 and decides for 1: compare with >=.")
def sign_bit(s):
    return 1 - torch.signbit(s).long()


@misconception("accuracy", "Logits are compared with labels here: decide first, with predict(s).")
def logits_against_labels(s, y):
    return (s == y).float().mean()


@misconception("accuracy", "Probabilities are compared with labels here: decide first, with predict(s).")
def probability_of_the_label(s, y):
    p = torch.sigmoid(s)
    return torch.where(y == 1, p, 1 - p).mean()


@misconception("accuracy", "A percentage: the fraction, between 0 and 1, is asked for.")
def percentage(s, y):
    return 100 * _right(s, y).float().mean()


@misconception("accuracy", "This counts the right ones: divide by the number of examples.")
def count(s, y):
    return _right(s, y).sum()


@misconception("accuracy", "This counts the right ones, as a float: divide by the number of examples.")
def count_as_float(s, y):
    return _right(s, y).float().sum()


@misconception("accuracy", "A Python number: a tensor is asked for here, so leave .item() out.")
def python_number(s, y):
    return _right(s, y).float().mean().item()


@misconception("accuracy", "Bools have no mean: make floats of them first, with .float().")
def mean_of_bools(s, y):
    return _right(s, y).mean()


@misconception("accuracy", "`//` drops the fraction, and leaves 0 or 1: divide with `/`.")
def whole_division(s, y):
    return _right(s, y).sum() // len(y)


@misconception("accuracy", "True or False for each example: the fraction of True is asked for.")
def right_or_wrong_each(s, y):
    return _right(s, y)


@misconception("accuracy", "This is the error rate, the fraction that is wrong.")
def error_rate(s, y):
    return 1 - _right(s, y).float().mean()


@misconception("accuracy", "Only examples of class 1 can count as right here: a right 0 is right too.")
def only_ones_count(s, y):
    return (_predict(s) * y).float().mean()


@misconception("accuracy", "Predictions [N, 1] and labels [N] are compared as [N, N], each with all: both must be [N].")
def broadcast_to_a_square(s, y):
    return (_predict(s)[:, None] == y).float().mean()


@misconception("accuracy", "A logit of 0 decides for 1, and counts as 0 here: the comparison is >=, as in predict.")
def ties_for_zero(s, y):
    return ((s > 0) == y).float().mean()


@misconception("accuracy", "0.5 is the threshold of the probability; that of the logit is 0. Use predict(s).")
def logit_against_one_half(s, y):
    return ((s >= 0.5) == y).float().mean()


@misconception("accuracy", "torch.allclose and torch.equal compare the whole: the fraction that is equal is asked for.")
def all_or_nothing(s, y):
    return _right(s, y).all().float()


@misconception(
    "evaluate",
    "The mean of the batches' accuracies: in a short batch each example counts more. Add up counts, divide once.",
)
def mean_of_means(logits_fn, params, batches):
    with torch.no_grad():
        means = [_right(logits_fn(params, x), y).double().mean().item() for x, y in batches]
    return sum(means) / len(means)


@misconception("evaluate", "Only the first batch is looked at: the return stands inside the loop.")
def first_batch_only(logits_fn, params, batches):
    with torch.no_grad():
        for x, y in batches:
            return _right(logits_fn(params, x), y).double().mean().item()
    return None


@misconception("evaluate", "Only the last batch is looked at: each one overwrites the result of those before it.")
def last_batch_only(logits_fn, params, batches):
    result = 0.0
    with torch.no_grad():
        for x, y in batches:
            result = _right(logits_fn(params, x), y).double().mean().item()
    return result


@misconception("evaluate", "pop() empties the caller's list: the next call finds no batch. Loop over batches instead.")
def batches_used_up(logits_fn, params, batches):
    right, examples = 0, 0
    with torch.no_grad():
        while batches:
            x, y = batches.pop()
            right += int(_right(logits_fn(params, x), y).sum())
            examples += len(y)
    return right / examples


@misconception(
    "evaluate", "A graph is built: call logits_fn inside `with torch.no_grad()`. A .detach() afterwards is too late."
)
def with_a_graph(logits_fn, params, batches):
    right = sum(int(_right(logits_fn(params, x), y).sum()) for x, y in batches)
    return right / sum(len(y) for _, y in batches)


@misconception(
    "evaluate",
    "Gradients stay off after the call, for all the program: `with torch.no_grad():` switches them on again.",
)
def gradients_off_for_good(logits_fn, params, batches):
    torch.set_grad_enabled(False)
    right = sum(int(_right(logits_fn(params, x), y).sum()) for x, y in batches)
    return right / sum(len(y) for _, y in batches)


@misconception(
    "evaluate", "The caller's params are changed: requires_grad_(False) works in place. Use `with torch.no_grad():`."
)
def flags_switched_off(logits_fn, params, batches):
    for value in params.values():
        value.requires_grad_(False)
    right = sum(int(_right(logits_fn(params, x), y).sum()) for x, y in batches)
    return right / sum(len(y) for _, y in batches)


@misconception("evaluate", "The result is a tensor: a Python float is asked for, which .item() or float() gives.")
def tensor_for_a_float(logits_fn, params, batches):
    with torch.no_grad():
        right = torch.cat([_right(logits_fn(params, x), y) for x, y in batches])
    return right.float().mean()


@misconception("evaluate", "A percentage: the fraction, between 0 and 1, is asked for.")
def per_cent(logits_fn, params, batches):
    with torch.no_grad():
        right = torch.cat([_right(logits_fn(params, x), y) for x, y in batches])
    return 100 * right.double().mean().item()


@misconception("evaluate", "This counts the right ones: divide by the number of examples.")
def number_of_right_ones(logits_fn, params, batches):
    with torch.no_grad():
        return float(sum(int(_right(logits_fn(params, x), y).sum()) for x, y in batches))


@misconception(
    "evaluate", "len(batches) counts batches: divide by the number of examples, the sum of len(y) over the batches."
)
def divided_by_the_batches(logits_fn, params, batches):
    with torch.no_grad():
        return sum(int(_right(logits_fn(params, x), y).sum()) for x, y in batches) / len(batches)


@misconception("evaluate", "All batches are taken to be as long as the first: add up len(y) instead.")
def batches_of_one_size(logits_fn, params, batches):
    with torch.no_grad():
        right = sum(int(_right(logits_fn(params, x), y).sum()) for x, y in batches)
    return right / (len(batches) * len(batches[0][1]))


@misconception("evaluate", "Logits are compared with labels here: decide first, with predict(s).")
def logits_for_decisions(logits_fn, params, batches):
    with torch.no_grad():
        right = torch.cat([logits_fn(params, x) == y for x, y in batches])
    return right.double().mean().item()


@misconception("evaluate", "A logit of 0 decides for 1, and counts as 0 here: decide with predict(s).")
def ties_decided_for_zero(logits_fn, params, batches):
    with torch.no_grad():
        right = torch.cat([(logits_fn(params, x) > 0) == y for x, y in batches])
    return right.double().mean().item()


@misconception("confusion_matrix", "The matrix is transposed: rows are the true classes, columns the predicted ones.")
def transposed(predicted, y):
    return torch.bincount(2 * predicted + y, minlength=4).reshape(2, 2)


@misconception(
    "confusion_matrix", "Class 0 comes first, in rows and columns: true negatives stand at the top left, [0, 0]."
)
def positives_first(predicted, y):
    return torch.bincount(2 * y + predicted, minlength=4).reshape(2, 2).flip(0, 1)


@misconception("confusion_matrix", "Fractions of each row: the counts are asked for.")
def rows_normalised(predicted, y):
    counts = torch.bincount(2 * y + predicted, minlength=4).reshape(2, 2)
    return counts / counts.sum(1, keepdim=True)


@misconception("confusion_matrix", "Fractions of all examples: the counts are asked for.")
def all_normalised(predicted, y):
    return torch.bincount(2 * y + predicted, minlength=4).reshape(2, 2) / len(y)


@misconception("confusion_matrix", "torch.zeros makes floats: counts are int64, dtype=torch.int64 (or torch.long).")
def counted_in_floats(predicted, y):
    counts = torch.zeros(2, 2)
    for i, j in zip(y.tolist(), predicted.tolist(), strict=True):
        counts[i, j] += 1
    return counts


@misconception("confusion_matrix", "These counts are int32: int64 is asked for.")
def counted_in_small_integers(predicted, y):
    return torch.bincount(2 * y + predicted, minlength=4).reshape(2, 2).int()


@misconception("confusion_matrix", "bincount stops at the largest case that occurs: minlength=4 keeps the others.")
def absent_cases_missing(predicted, y):
    return torch.bincount(2 * y + predicted).reshape(2, 2)


@misconception(
    "confusion_matrix", "counts[y, predicted] += 1 adds 1 for a place once, however often it comes: see index_put_."
)
def repeated_index(predicted, y):
    counts = torch.zeros(2, 2, dtype=torch.int64)
    counts[y, predicted] += 1
    return counts


@misconception("confusion_matrix", "The four counts in a row: a [2, 2] matrix is asked for.")
def four_in_a_row(predicted, y):
    return torch.bincount(2 * y + predicted, minlength=4)


@misconception("confusion_matrix", "A list of lists: torch.tensor makes a tensor of it.")
def nested_list(predicted, y):
    return torch.bincount(2 * y + predicted, minlength=4).reshape(2, 2).tolist()


@misconception("confusion_matrix", "Only the classes that occur have a row or column here: it is always [2, 2].")
def classes_that_occur(predicted, y):
    classes = torch.cat([y, predicted]).unique()
    return torch.stack([torch.stack([((y == i) & (predicted == j)).sum() for j in classes]) for i in classes])


@misconception("confusion_matrix", "Right and wrong are counted here, by class; what was predicted gives the column.")
def right_and_wrong(predicted, y):
    return torch.bincount(2 * y + (predicted != y).long(), minlength=4).reshape(2, 2)


@misconception("probability_grid", "The grid is transposed: x1 changes along a row, x2 from row to row.")
def grid_transposed(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, _axis(params, low, high, steps)).T


@misconception("probability_grid", "The picture is upside down: the first row is x2 = low, and x2 grows downwards.")
def upside_down(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, _axis(params, low, high, steps)).flip(0)


@misconception("probability_grid", "Left and right are swapped: the first column is x1 = low.")
def left_and_right_swapped(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, _axis(params, low, high, steps)).flip(1)


@misconception("probability_grid", "The axis runs from high to low, and with it both rows and columns.")
def backwards(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, _axis(params, high, low, steps))


@misconception("probability_grid", "The last point is missing: torch.arange leaves the end out, torch.linspace has it.")
def end_left_out(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, _axis(params, low, high, steps + 1)[:-1])


@misconception("probability_grid", "These are the middles of cells: the grid's first and last points are low and high.")
def middles_of_cells(logits_fn, params, low, high, steps):
    edges = _axis(params, low, high, steps + 1)
    return _grid(logits_fn, params, (edges[1:] + edges[:-1]) / 2)


@misconception("probability_grid", "These are logits: the sigmoid makes probabilities of them.")
def logits_for_probabilities(logits_fn, params, low, high, steps):
    return logits_fn(params, _points(_axis(params, low, high, steps))).reshape(steps, steps)


@misconception("probability_grid", "These are decisions: the probability itself is asked for.")
def decisions(logits_fn, params, low, high, steps):
    return _predict(logits_fn(params, _points(_axis(params, low, high, steps)))).reshape(steps, steps)


@misconception("probability_grid", "These are decisions, as floats: the probability itself is asked for.")
def decisions_as_floats(logits_fn, params, low, high, steps):
    return torch.round(_grid(logits_fn, params, _axis(params, low, high, steps)))


@misconception("probability_grid", "This is P(Y=0): the sigmoid of the logit is P(Y=1).")
def of_the_other_class(logits_fn, params, low, high, steps):
    return 1 - _grid(logits_fn, params, _axis(params, low, high, steps))


@misconception("probability_grid", "The sigmoid is applied twice: probabilities below 0.5 are missing.")
def sigmoid_twice(logits_fn, params, low, high, steps):
    return torch.sigmoid(_grid(logits_fn, params, _axis(params, low, high, steps)))


@misconception("probability_grid", "One row of steps * steps numbers: reshape it to [steps, steps].")
def flat(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, _axis(params, low, high, steps)).flatten()


@misconception(
    "probability_grid", "linspace makes float32 whatever the parameters are: give it their dtype, and their device."
)
def axis_in_single_precision(logits_fn, params, low, high, steps):
    return _grid(logits_fn, params, torch.linspace(low, high, steps))


@misconception(
    "probability_grid", "linspace made float32 before .to(...): the lost digits don't come back. Give it the dtype."
)
def axis_converted_too_late(logits_fn, params, low, high, steps):
    like = next(iter(params.values()))
    return _grid(logits_fn, params, torch.linspace(low, high, steps).to(like))


@misconception("probability_grid", "Only the points with x1 = x2 are asked about: meshgrid gives all pairs.")
def diagonal_only(logits_fn, params, low, high, steps):
    axis = _axis(params, low, high, steps)
    return torch.sigmoid(logits_fn(params, torch.stack([axis, axis], dim=1))).repeat(steps, 1)


@misconception(
    "probability_grid", "logits_fn takes points [N, 2] and gives [N]: flatten the grid before, and reshape after."
)
def points_in_a_square(logits_fn, params, low, high, steps):
    points = _points(_axis(params, low, high, steps)).reshape(steps, steps, 2)
    return torch.sigmoid(logits_fn(params, points))
