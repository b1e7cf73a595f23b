"""Values become trees and trees values, with nothing lost that a comparison needs and nothing shared."""

from collections import OrderedDict, namedtuple
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given

from checker.observation import MAX_DEPTH, MAX_TEXT, Array, Named, Other, Raised, Tree, identical, leaves, live, plain
from tests.checker.trees import INPUTS, OBSERVATIONS, arrays

Pair = namedtuple("Pair", "first second")


class Number(IntEnum):
    TWO = 2


class Text(str):
    __slots__ = ()


def forms(tree: Tree) -> list[tuple[str, bool]]:
    return [(leaf.kind, leaf.requires_grad) for leaf in leaves(tree) if isinstance(leaf, Array)]


@given(INPUTS | arrays())
def test_a_value_made_of_a_tree_is_the_same_tree_again(tree: Tree):
    again = plain(live(tree, {}))
    assert identical(again, tree)
    assert forms(again) == forms(tree)


@given(OBSERVATIONS)
def test_a_tree_is_plain_already(tree: Tree):
    assert identical(plain(tree), tree)


@given(arrays())
def test_a_value_is_made_afresh_each_time(array: Array):
    first, second = live(array, {}), live(array, {})
    before = plain(second)
    with torch.no_grad():
        first.fill_(1) if array.kind == "tensor" else first.fill(1)
    assert identical(plain(second), before)
    assert identical(plain(live(array, {})), before)


@given(arrays())
def test_a_tree_shares_no_memory_with_the_value_it_was_made_of(array: Array):
    value = live(array, {})
    seen, before = plain(value), plain(live(array, {}))
    with torch.no_grad():
        value.fill_(1) if array.kind == "tensor" else value.fill(1)
    assert identical(seen, before)


@given(arrays())
def test_a_strided_input_is_laid_out_with_gaps_where_a_layout_can_show(array: Array):
    value = live(array, {})
    contiguous = value.is_contiguous() if array.kind == "tensor" else value.flags.c_contiguous
    if not array.strided:
        assert contiguous
    elif array.data.numel() and min(array.data.shape[-2:], default=1) > 1:  # a row or column has but one layout
        assert not contiguous


def test_functions_are_looked_up_by_name():
    assert live([Named("function", "f")], {"f": len}) == [len]
    with pytest.raises(KeyError):
        live(Named("function", "g"), {"f": len})


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        (torch.Size([2, 3]), (2, 3)),
        (Pair(1, 2), (1, 2)),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Number.TWO, 2),
        (Text("a"), "a"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (torch.float64, Named("dtype", "torch.float64")),
        (torch.device("cpu"), Named("device", "cpu")),
        ({(1, 2): 3}, {"<tuple>": 3}),
        ("x" * (MAX_TEXT + 1), "x" * MAX_TEXT),
        (object(), Other("an object of type object")),
        ({1, 2}, Other("an object of type set")),
        (1j, Other("an object of type complex")),
    ],
)
def test_what_is_like_a_plain_value_becomes_one_and_the_rest_other(value: object, tree: Tree):
    seen = plain(value)
    assert type(seen) is type(tree)
    assert identical(seen, tree)


@pytest.mark.parametrize(
    "value",
    [
        torch.nn.Parameter(torch.tensor([1.0, 2.0])),
        torch.tensor([[1.0, 0.0], [2.0, 0.0]])[:, 0],
        torch.tensor([1.0, 2.0]).expand(3, 2)[1],
        torch.tensor([-1.0, -2.0])._neg_view(),
        torch.tensor([1.0 - 1j, 2.0]).conj().real,
    ],
    ids=["parameter", "column", "expanded", "negative view", "real part"],
)
def test_how_a_tensor_was_built_is_its_own_affair(value: torch.Tensor):
    seen = plain(value)
    assert identical(seen, Array(torch.tensor([1.0, 2.0])))
    assert type(seen.data) is torch.Tensor
    assert seen.data.is_contiguous()


def test_of_a_tensor_it_is_kept_whether_it_requires_grad():
    assert plain(torch.ones(1, requires_grad=True)).requires_grad
    assert not plain(torch.ones(1, requires_grad=True)).data.requires_grad


def test_a_conjugate_is_read_as_the_numbers_it_stands_for():
    seen = plain(torch.tensor([1 + 2j]).conj())
    assert not seen.data.is_conj()
    assert seen.data.tolist() == [1 - 2j]


def test_a_tensor_without_entries_is_told_apart_by_its_device():
    assert plain(torch.empty(2, device="meta")) == Other("a tensor of torch.float32 and torch.strided on meta")


@pytest.mark.parametrize(
    "value",
    [
        torch.eye(2).to_sparse(),
        torch.ones(1, dtype=torch.complex128),
        np.array(["text"]),
        np.array([None]),
        np.ones(1, dtype=np.complex128),
    ],
    ids=["sparse", "complex128", "texts", "objects", "complex array"],
)
def test_a_tensor_that_cannot_be_compared_is_other(value: object):
    assert isinstance(plain(value), Other)


def test_a_tensor_that_escaped_from_a_transformation_is_other():
    escaped = []
    torch.func.vmap(lambda x: escaped.append(x) or x)(torch.ones(2))
    torch.func.grad(lambda x: escaped.append(x) or x.sum())(torch.ones(2))
    assert all(isinstance(plain(value), (Other, Array)) for value in escaped)
    assert isinstance(plain(escaped[0]), Other)


def test_a_value_that_holds_itself_ends():
    cycle: list[object] = []
    cycle.append(cycle)
    seen, depth = plain(cycle), 0
    while isinstance(seen, list):
        seen, depth = seen[0], depth + 1
    assert seen == Other("something nested more than 32 levels deep")
    assert depth == MAX_DEPTH + 1


def test_a_repr_that_raises_does_no_harm():
    class Silent:
        def __repr__(self) -> str:
            raise ValueError

    assert plain(Silent()).text == "an object without a readable repr"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (1, True),
        ([1], (1,)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 2}),
        (0.1, 0.2),
        (float("nan"), 0.0),
        (None, 0),
        (Raised("A", "x"), Raised("B", "x")),
        (Array(torch.zeros(1)), Array(torch.zeros(1, dtype=torch.float64))),
        (Array(torch.zeros(1)), Array(torch.zeros(1, 1))),
        (Array(torch.zeros(1)), Array(torch.zeros(1), "array")),
        (Array(torch.zeros(1)), Array(torch.zeros(1), device="cuda:0")),
        (Array(torch.zeros(1)), Array(torch.full((1,), 1e-45))),
        (Array(torch.tensor([float("nan"), 0.0])), Array(torch.tensor([0.0, float("nan")]))),
    ],
)
def test_trees_that_differ_in_anything_are_not_identical(a: Tree, b: Tree):
    assert not identical(a, b)
    assert not identical([a], [b])
    assert identical(a, a)
    assert identical(b, b)
