"""How exercise 9 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch

from checker.spec import Tolerance, check, integer, labels, number, one_of, params, seen_by, tensor

EVALUATION = [
    f"xorfunc.evaluate.{name}" for name in ("predict", "accuracy", "evaluate", "confusion_matrix", "probability_grid")
]

NEAR_ZERO = 0.01  # logits of -1/128, 0 and 1/128: a threshold a little off shows, and so does the tie


def negative_zero(answer, s):
    """Takes -0.0 for 0"""
    return answer.predict(-s.clamp(min=0))


check(
    "predict",
    s=tensor("...") | tensor("...", low=-NEAR_ZERO, high=NEAR_ZERO),
    least={"...": 0},
    laws=[seen_by(negative_zero, count=3)],
    off_limits=EVALUATION,
    hints=[
        "No sigmoid is needed: for which logits is sigmoid(s) >= 0.5?",
        "A comparison gives bools, and labels are int64: .long() makes one of the other.",
        "Look at s = 0: it decides for 1, so the comparison is >=.",
    ],
)


def fraction(answer, s, y):
    result = answer.accuracy(s, y)
    return result.float() if isinstance(result, torch.Tensor) and result.is_floating_point() else result


check(
    "accuracy",
    s=tensor("N") | tensor("N", low=-NEAR_ZERO, high=NEAR_ZERO),
    y=labels("N"),
    trial=fraction,
    tolerances={torch.float32: Tolerance(0, absolute=2e-3)},  # a fraction in half precision is right as well
    off_limits=EVALUATION,
    hints=[
        "predict(s) == y is True where the network is right.",
        "The fraction of True is the mean of zeros and ones, and bools have no mean: make floats of them first.",
        "(predict(s) == y).float().mean()",
    ],
)


# Functions from parameters {"w": [2, H], "v": [H], "b": []} and points [N, 2] to logits [N].


def linear(params, x):
    return (x @ params["w"] @ params["v"]) / 16 + params["b"]


def network(params, x):
    hidden = torch.tanh(x @ params["w"])
    return (hidden @ params["v"][:, None])[:, 0] + params["b"]


def curved(params, x):
    return params["w"][0].mean() * x[:, 0] ** 2 / 4 - params["w"][1].mean() * x[:, 1] / 4 + params["b"] / 8


def clear(logits_fn, params, x, y, batch_size):
    """Whether every logit is so far from 0 that no rounding decides."""
    return bool((logits_fn(params, x).abs() > 1e-3).all())


def in_batches(x, y, batch_size):
    return list(zip(x.split(batch_size), y.split(batch_size), strict=True))


def over_batches(answer, logits_fn, params, x, y, batch_size):
    return answer.evaluate(logits_fn, params, in_batches(x, y, batch_size))


def shortest_first(answer, logits_fn, params, x, y, batch_size):
    """Counts every example once, whatever the order of the batches, and leaves them for another call"""
    batches = in_batches(x, y, batch_size)[::-1]
    first = answer.evaluate(logits_fn, params, batches)
    return {"the first call": first, "the second call": answer.evaluate(logits_fn, params, batches)}


def one_and_the_rest(answer, logits_fn, params, x, y, batch_size):
    """Counts every example once, also where a single one is a batch"""
    x, y = torch.cat([x, x]), torch.cat([y, 1 - y[:1], y[1:]])
    return answer.evaluate(logits_fn, params, [(x[:1], y[:1]), (x[1:], y[1:])])


def decides_ties(answer, logits_fn, params, x, y, batch_size):
    """Decides for 1 where both labels are equally likely, as `predict` does"""
    return answer.evaluate(lambda params, x: 0 * logits_fn(params, x), params, in_batches(x, y, batch_size))


def builds_no_graph(answer, logits_fn, params, x, y, batch_size):
    """Builds no computation graph where the parameters require grad, and has them still require it afterwards"""
    for value in params.values():
        value.requires_grad_()
    graphs = []

    def watched(params, x):
        s = logits_fn(params, x)
        graphs.append(s.requires_grad)
        return s

    result = answer.evaluate(watched, params, in_batches(x, y, batch_size))
    kept = all(value.requires_grad for value in params.values())
    return {
        "the result": result,
        "the logits": "part of a graph" if any(graphs) else "plain data",
        "the parameters": "still require grad" if kept else "no longer require grad",
    }


check(
    "evaluate",
    logits_fn=one_of(linear, network, curved),
    params=params({"w": "2 H", "v": "H", "b": ""}),
    x=tensor("N 2"),
    y=labels("N"),
    batch_size=integer(1, 4),
    where=clear,
    trial=over_batches,
    laws=[seen_by(shortest_first), seen_by(one_and_the_rest), seen_by(decides_ties), seen_by(builds_no_graph)],
    off_limits=EVALUATION,
    hints=[
        "Batches of 3 and 1: the mean of their two accuracies counts the last example three times as much as another.",
        "Add up, over the batches, how many are right and how many there are; divide once, at the end.",
        "Call logits_fn inside `with torch.no_grad():`, and make a Python number of the count with .item().",
    ],
)


def hundreds(answer, predicted, y):
    """Counts hundreds of examples as it counts a few"""
    return answer.confusion_matrix(predicted.repeat(300), y.repeat(300))


check(
    "confusion_matrix",
    predicted=labels("N"),
    y=labels("N"),
    least={"N": 0},
    laws=[seen_by(hundreds, count=3)],
    off_limits=EVALUATION,
    hints=[
        "Four counts: how many examples are truly i and predicted as j, for i and j of 0 and 1?",
        "(y == i) & (predicted == j) is True for just those; the sum of bools is an int64.",
        "Without loops: 2 * y + predicted numbers the four cases. See torch.bincount, and mind a case that is absent.",
    ],
)


check(
    "probability_grid",
    logits_fn=one_of(linear, network, curved),
    params=params({"w": "2 H", "v": "H", "b": ""}),
    low=number(-1.9, -0.3),  # nearly all of these numbers lose digits in float32
    high=number(0.2, 3.1),
    steps=integer(2, 5),
    off_limits=EVALUATION,
    hints=[
        "torch.linspace gives the axis, ends included; it needs to be told dtype and device, those of the parameters.",
        "x2, x1 = torch.meshgrid(axis, axis, indexing='ij'): x2 changes from row to row, x1 from column to column.",
        "logits_fn takes points [N, 2]: flatten x1 and x2, stack them in this order, and reshape what comes back.",
        "It gives logits: the sigmoid makes probabilities of them.",
    ],
)
