"""A counterexample is Python: pasted into a session it gives the same inputs, layout and all."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import example, given

from checker.literal import SHOWN, literal
from checker.observation import PLAIN_DTYPES, Array, Named, Other, Raised, Tree, identical, leaves, live, plain
from tests.checker.trees import INPUTS, arrays, tensors


def pasted(text: str) -> object:
    return eval(text, {"torch": torch, "np": np})


def layouts(value: object) -> list[tuple[int, ...]]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [layout for item in value for layout in layouts(item)]
    wide = isinstance(value, (torch.Tensor, np.ndarray)) and min(value.shape[-2:], default=1) > 1
    if not wide:  # where a dimension has one entry or none its stride means nothing
        return []
    return [tuple(value.stride()) if isinstance(value, torch.Tensor) else value.strides]


@given(INPUTS | arrays())
@example(Array(torch.empty(0, 3), requires_grad=True, strided=True))
def test_a_literal_evaluates_to_the_same_tree_in_the_same_layout(tree: Tree):
    value = pasted(literal(tree))
    again = plain(value)
    assert identical(again, tree)
    assert grads(again) == grads(tree)
    assert layouts(value) == layouts(live(tree, {}))


def grads(tree: Tree) -> list[bool]:
    return [leaf.requires_grad for leaf in leaves(tree) if isinstance(leaf, Array)]


@pytest.mark.parametrize("dtype", sorted(PLAIN_DTYPES - {torch.complex64}, key=str), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2,), (0, 3), (2, 2)], ids=str)
def test_every_dtype_comes_back(dtype: torch.dtype, shape: tuple[int, ...]):
    array = Array(torch.ones(shape, dtype=dtype))
    assert identical(plain(pasted(literal(array))), array)


@given(tensors(dtypes=(torch.float32, torch.float64)))
def test_floats_come_back_to_the_bit(data: torch.Tensor):
    again = pasted(literal(Array(data)))
    assert isinstance(again, torch.Tensor)
    assert torch.equal(again.nan_to_num(), data.nan_to_num())
    assert torch.equal(again.signbit() & ~again.isnan(), data.signbit() & ~data.isnan())


def test_a_large_tensor_is_written_as_the_code_that_makes_it():
    code = "torch.arange(100).reshape(10, 10)"
    array = Array(torch.arange(100).reshape(10, 10), code=code)
    assert literal(array) == code
    assert identical(plain(pasted(literal(Array(array.data, "array", code=code)))), Array(array.data, "array"))


def test_a_large_tensor_without_code_is_told_by_its_form():
    assert literal(Array(torch.zeros(SHOWN)), digits=6).startswith("torch.tensor([0.0")
    assert literal(Array(torch.zeros(5, SHOWN)), digits=6) == f"a tensor of shape [5, {SHOWN}], torch.float32"


def test_an_expression_is_whole_however_large_the_tensor_is():
    large = Array(torch.arange(2.0 * SHOWN).reshape(2, SHOWN), strided=True)
    made = eval(literal(large), {"torch": torch})
    assert made.equal(large.data)
    assert not made.is_contiguous()


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Array(torch.tensor([0.1, 1.0])), "torch.tensor([0.1, 1.0])"),
        (Array(torch.tensor([0.1], dtype=torch.float64)), "torch.tensor([0.1], dtype=torch.float64)"),
        (Array(torch.tensor([1, 0])), "torch.tensor([1, 0])"),
        (Array(torch.tensor([True])), "torch.tensor([True])"),
        (Array(torch.tensor(2.0)), "torch.tensor(2.0)"),
        (Array(torch.tensor([1.0, 2.0]), requires_grad=True), "torch.tensor([1.0, 2.0]).requires_grad_()"),
        (Array(torch.tensor([1.0, 2.0]), strided=True), "torch.tensor([1.0, 2.0]).repeat_interleave(2)[::2]"),
        (Array(torch.tensor([[1.0, 2.0]]), strided=True), "torch.tensor([[1.0], [2.0]]).mT"),
        (Array(torch.tensor([1.0]), strided=True), "torch.tensor([1.0])"),
        (Array(torch.tensor([1.0]), device="cuda:0"), 'torch.tensor([1.0]).to("cuda:0")'),
        (Array(torch.empty(0, 2), device="cuda:0"), 'torch.empty([0, 2]).to("cuda:0")'),
        (Array(torch.tensor([1.0], dtype=torch.float64), "array"), "np.array([1.0])"),
        (Array(torch.tensor([1.0]), "array"), 'np.array([1.0], dtype="float32")'),
        (Array(torch.tensor([float("inf")])), 'torch.tensor([float("inf")])'),
        ((1,), "(1,)"),
        ((), "()"),
        ({"w": [1, None]}, "{'w': [1, None]}"),
        (Named("function", "quadratic"), "quadratic"),
        (Named("dtype", "torch.float32"), "torch.float32"),
        (Named("device", "cuda"), 'torch.device("cuda")'),
        (1e20, "1e+20"),
        (3.0, "3.0"),
        ("a'b", '"a\'b"'),
        (Raised("ValueError", "no"), "ValueError: no"),
        (Raised("NotImplementedError", ""), "NotImplementedError"),
        (Other("Thing", "<Thing>"), "<Thing>"),
        (Other("Thing"), "Thing"),
    ],
)
def test_a_literal_reads_as_a_person_would_write_it(tree: Tree, text: str):
    assert literal(tree) == text


@given(st.floats(-1e6, 1e6), st.integers(1, 12))
def test_fewer_digits_are_shown_where_they_are_asked_for(number: float, digits: int):
    assert float(literal(number, digits=digits)) == float(f"{number:.{digits}g}")
    shown = literal(Array(torch.tensor([number], dtype=torch.float64)), digits=digits)
    assert shown == f"torch.tensor([{literal(number, digits=digits)}], dtype=torch.float64)"


def test_a_rounded_number_is_still_a_float():
    assert literal(3.0, digits=2) == "3.0"
    assert literal(Array(torch.tensor([1 / 3, 2.0])), digits=3) == "torch.tensor([0.333, 2.0])"
