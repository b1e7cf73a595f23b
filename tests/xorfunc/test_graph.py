"""The recorded graph against `torch.func.grad`, and against the course's function by hand."""

import pytest
import torch
from hypothesis import given, settings

from tests.xorfunc.problems import network_loss
from tests.xorfunc.strategies import dtypes, normal, seeds, sizes, training_problems
from xorfunc.graph import trace


def distance(w, x):
    return (x - w).square().sum().sqrt()


def in_place(w, x):
    h = w * x
    h += w
    return h.exp().sum()


FUNCTIONS = {
    "distance": distance,
    "used twice": lambda w, x: (w * w * x).sum() + (w.tanh() @ x),
    "product and branch": lambda w, x: torch.where(w > 0, w * x, w.exp()).mean(),
    "constants": lambda w, x: (w * torch.arange(len(x)) + 2).logsumexp(0) - 3 * x.prod(),
    "matrix": lambda w, x: torch.outer(w, x).T.reshape(-1).sigmoid().sum(),
    "in place": in_place,
    "detached": lambda w, x: (w.detach() * w * x).sum(),
    "x unused": lambda w, x: w.square().sum(),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
@settings(max_examples=10)  # each is a trace
@given(size=sizes, seed=seeds, dtype=dtypes)
def test_gradients_are_those_of_torch(f, size, seed, dtype):
    w, x = normal(seed, (size,), dtype), normal(seed + 1, (size,), dtype)
    graph = trace(f, w, x)
    assert torch.equal(graph.nodes[-1].value, f(w, x))
    for name, expected in zip("wx", torch.func.grad(f, argnums=(0, 1))(w, x), strict=True):
        torch.testing.assert_close(graph[name].gradient, expected)


@settings(max_examples=10)
@given(problem=training_problems())
def test_a_dict_of_parameters_is_named_by_its_keys(problem):
    params, x, y = problem
    graph = trace(network_loss, params, x, y)
    for name, expected in torch.func.grad(network_loss)(params, x, y).items():
        torch.testing.assert_close(graph[f"params['{name}']"].gradient, expected)
    assert graph["y"].gradient is None


def test_local_derivatives_are_those_of_the_chain_rule_by_hand():
    w, x = torch.tensor([-1.0, 1.0]), torch.tensor([1.5, 2.5])
    graph = trace(distance, w, x)
    assert [node.operation for node in graph.nodes] == ["input", "input", "sub", "pow", "sum", "sqrt"]
    sub, power, total, root = graph.nodes[2:]
    assert sub.local["w"].tolist() == [-1, -1]
    assert power.local["sub"].tolist() == (2 * (x - w)).tolist()
    assert total.local["pow_1"].tolist() == [1, 1]
    torch.testing.assert_close(root.local["sum_1"], 0.5 / torch.tensor(8.5).sqrt())


def test_nothing_that_was_given_changes():
    w = torch.ones(2, requires_grad=True)
    graph = trace(in_place, w, torch.ones(2))
    assert w.grad is None
    assert w.tolist() == [1, 1]
    assert not any(node.value.requires_grad for node in graph.nodes)


def test_the_text_has_a_line_for_each_node_and_no_long_tensor():
    text = str(trace(lambda w: (w * w).sum(), torch.ones(50, 2)))
    assert len(text.splitlines()) == 4
    assert "50x2 numbers" in text


def test_a_function_that_writes_to_its_argument_is_recorded_as_if_it_did_not():
    w = torch.tensor([-1.0, 2.0])
    graph = trace(lambda w: w.mul_(w).sum(), w)
    assert graph["w"].value.tolist() == w.tolist() == [-1, 2]
    assert graph["w"].gradient.tolist() == [-2, 4]


def test_a_parameter_called_as_a_node_keeps_its_name():
    graph = trace(lambda sum_1: sum_1.sum(), torch.ones(2))
    assert [node.name for node in graph.nodes] == ["sum_1", "sum_1_"]


def test_a_refusal_is_a_single_line():
    with pytest.raises(ValueError, match="one tensor") as refused:
        trace(lambda w: w.max(0).values.sum(), torch.ones(2, 2))
    assert len(str(refused.value).splitlines()) == 1


def unrecorded(w):
    with torch.no_grad():
        scale = w.sum()
    return scale * w.sum()


@pytest.mark.parametrize(
    ("f", "args", "message"),
    [
        (lambda w: w * 2, (torch.ones(2),), "shape \\(2,\\)"),
        (lambda w: w.sum(), (torch.ones(2, dtype=torch.int64),), "int64"),
        (lambda w: w.sum() if w.sum() > 0 else -w.sum(), (torch.ones(2),), "reads a number"),
        (lambda w: w.sum() * w.tolist()[0], (torch.ones(2),), "reads a number .*tolist"),
        (lambda w: w.sum() * w.numpy()[0], (torch.ones(2),), "reads a number .*numpy"),
        (lambda w: (w.data * w).sum(), (torch.ones(2),), "hides a part"),
        (unrecorded, (torch.ones(2),), "hides a part"),
        (lambda w: w, (1.0,), "not all tensors"),
        (lambda: torch.ones(()), (), "0 leaves"),
        (lambda w: w.max(0).values.sum(), (torch.ones(2, 2),), "one tensor"),
    ],
)
def test_what_has_no_such_graph_is_refused(f, args, message):
    with pytest.raises(ValueError, match=message):
        trace(f, *args)


def test_an_unknown_node_is_refused_by_naming_the_known():
    with pytest.raises(KeyError, match="the graph has w, sum_1"):
        trace(lambda w: w.sum(), torch.ones(2))["nowhere"]
