"""Agreement: whatever a right answer may leave open passes, and any other difference is found and told."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import assume, given
from torch import Tensor

from checker import agreement
from checker.agreement import Aspect, Difference, Standard, difference, partings
from checker.observation import Array, Named, Other, Raised, Tree, leaves
from checker.spec import TOLERANCES, Tolerance
from tests.checker.trees import OBSERVATIONS, arrays, nested, tensors

STRICT = Standard(TOLERANCES)
FLOATS = (torch.float32, torch.float64)
NAN, INFINITY = float("nan"), float("inf")

filled = st.lists(st.integers(1, 3), max_size=3).map(tuple)
"""Shapes with at least one entry."""


def aspect(expected: Tree, got: Tree, standard: Standard = STRICT) -> Aspect | None:
    found = difference(expected, got, standard)
    seen = agreement.aspect(expected, got, standard)
    assert seen is (found and found.aspect)
    return seen


def with_entry(data: Tensor, index: int, value: float) -> Tensor:
    changed = data.clone().reshape(-1)
    changed[index] = value
    return changed.reshape(data.shape)


@given(OBSERVATIONS)
def test_every_observation_agrees_with_itself(tree: Tree):
    assert list(partings(tree, tree, STRICT)) == []


@pytest.mark.parametrize("number", [NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e300, 10**400, True])
def test_every_number_agrees_with_itself(number: float):
    assert aspect(number, number) is None


@given(nested(arrays()), st.data())
def test_a_change_of_one_leaf_is_found_where_it_is(tree: Tree, data: st.DataObject):
    arrays_there = [leaf for leaf in leaves(tree) if isinstance(leaf, Array)]
    assume(arrays_there)
    chosen = data.draw(st.sampled_from(arrays_there))
    changes = {
        Aspect.SHAPE: replace(chosen, data=chosen.data[None]),
        Aspect.DTYPE: replace(chosen, data=chosen.data.to(torch.float16)),
        Aspect.DEVICE: replace(chosen, device="cuda:0"),
        Aspect.KIND: replace(chosen, kind="tensor" if chosen.kind == "array" else "array"),
        Aspect.RAISED: Raised("ValueError", "no"),
    }
    changed_in, changed = data.draw(st.sampled_from(sorted(changes.items())))
    found = list(partings(tree, replaced(tree, chosen, changed), STRICT))
    assert {one.aspect for one in found} == {changed_in}
    assert all(at(tree, one.path) is chosen for one in found)


def replaced(tree: Tree, leaf: Tree, other: Tree) -> Tree:
    if isinstance(tree, dict):
        return {key: replaced(item, leaf, other) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(replaced(item, leaf, other) for item in tree)
    return other if tree is leaf else tree


def at(tree: Tree, path: tuple[str | int, ...]) -> Tree:
    for part in path:
        tree = tree[part]
    return tree


@given(tensors(shapes=filled, finite=True), st.data())
def test_one_wrong_entry_is_found_and_told(data: Tensor, draw: st.DataObject):
    index = draw.draw(st.integers(0, data.numel() - 1))
    entry = data.reshape(-1)[index].item()
    wrong = with_entry(data, index, not entry if data.dtype is torch.bool else entry + 1 + abs(entry))
    found = difference(Array(data), Array(wrong), STRICT)
    assert found is not None
    assert found.aspect is Aspect.VALUES
    place = list(torch.unravel_index(torch.tensor(index), data.shape)) if data.ndim else []
    assert found.where is not None
    assert found.where.startswith(f"{[int(part) for part in place]}: expected " if data.ndim else "")
    assert found.expected != found.got


@given(tensors(dtypes=FLOATS, shapes=filled), st.data())
def test_nan_equals_nan_in_the_same_place_only(data: Tensor, draw: st.DataObject):
    index = draw.draw(st.integers(0, data.numel() - 1))
    whole = torch.where(data.isnan(), 0.0, data)
    with_nan = with_entry(whole, index, NAN)
    assert aspect(Array(with_nan), Array(with_nan)) is None
    assert aspect(Array(with_nan), Array(whole)) is Aspect.VALUES
    expected = Aspect.FINITE if bool(whole.reshape(-1)[index].isfinite()) else Aspect.VALUES
    assert aspect(Array(whole), Array(with_nan)) is expected
    if data.numel() > 1:
        elsewhere = with_entry(whole, index - 1, NAN)
        assert aspect(Array(with_nan), Array(elsewhere)) in (Aspect.VALUES, Aspect.FINITE)


@given(tensors(dtypes=FLOATS, shapes=filled, finite=True), st.sampled_from([INFINITY, -INFINITY]), st.data())
def test_infinity_is_near_nothing_but_itself(data: Tensor, infinity: float, draw: st.DataObject):
    infinite = with_entry(data, draw.draw(st.integers(0, data.numel() - 1)), infinity)
    assert aspect(Array(infinite), Array(infinite)) is None
    assert aspect(Array(data), Array(infinite)) is Aspect.FINITE
    assert aspect(Array(infinite), Array(data)) is Aspect.VALUES
    assert aspect(Array(infinite), Array(torch.where(infinite.isinf(), -infinite, infinite))) is Aspect.VALUES


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_nothing_broadcasts(shape: list[int]):
    ones = torch.ones(shape)
    for other in (torch.ones(1), torch.ones(()), ones[None], ones[..., None], torch.ones(*shape[:-1], shape[-1] + 1)):
        if other.shape != ones.shape:
            assert aspect(Array(ones), Array(other)) is Aspect.SHAPE
            assert aspect(Array(other), Array(ones)) is Aspect.SHAPE


def test_empty_tensors_of_other_shapes_differ():
    assert aspect(Array(torch.empty(0, 3)), Array(torch.empty(3, 0))) is Aspect.SHAPE
    assert aspect(Array(torch.empty(0, 3)), Array(torch.empty(0, 3))) is None


@given(
    tensors(dtypes=FLOATS, shapes=filled, finite=True),
    st.integers(-30, 0).map(lambda power: 10.0**power),
)
def test_zeros_never_pass_because_the_right_values_are_small(data: Tensor, scale: float):
    small = data * scale
    assume(bool((small.abs() > torch.finfo(torch.float32).tiny).any()))
    assert aspect(Array(small), Array(torch.zeros_like(small))) is Aspect.VALUES
    assert aspect(Array(torch.zeros_like(small)), Array(small)) is Aspect.VALUES
    assert aspect(Array(small), Array(2 * small)) is Aspect.VALUES


def test_where_zero_is_right_nothing_else_is():
    assert aspect(Array(torch.zeros(3)), Array(torch.full((3,), 1e-12))) is Aspect.VALUES


@pytest.mark.parametrize("dtype", FLOATS)
@given(seed=st.integers(0, 2**31), count=st.integers(2, 200))
def test_the_same_sums_in_another_order_agree(dtype: torch.dtype, seed: int, count: int):
    x = torch.randn(4, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
    one_by_one = torch.zeros(4, dtype=dtype)
    for column in x.mT.flip(0):
        one_by_one = one_by_one + column
    standard = replace(STRICT, input_scale=float(x.abs().max()))
    assert aspect(Array(x.sum(1)), Array(one_by_one), standard) is None


@pytest.mark.parametrize(("dtype", "noise", "fault"), [(torch.float32, 1e-5, 1e-4), (torch.float64, 3e-11, 1e-9)])
@given(seed=st.integers(0, 2**31), scale=st.sampled_from([1e-8, 1.0, 1e8]))
def test_rounding_noise_passes_and_ten_times_more_does_not(
    dtype: torch.dtype, noise: float, fault: float, seed: int, scale: float
):
    x = torch.randn(8, generator=torch.Generator().manual_seed(seed), dtype=dtype) * scale
    assert aspect(Array(x), Array(x * (1 + noise))) is None
    assert aspect(Array(x), Array(x * (1 + fault))) is Aspect.VALUES


def test_an_answer_through_single_precision_is_not_a_double_one():
    x = torch.tensor([0.1, 0.7, 3.3], dtype=torch.float64)
    assert aspect(Array(x), Array(x.float().double())) is Aspect.VALUES


def test_where_large_inputs_cancel_the_rest_is_not_held_against_the_answer():
    expected, got = torch.tensor([0.0]), torch.tensor([1e-4])
    assert aspect(Array(expected), Array(got), replace(STRICT, input_scale=1e3)) is None
    assert aspect(Array(expected), Array(got), replace(STRICT, input_scale=1.0)) is Aspect.VALUES


def test_beside_large_entries_small_ones_may_be_less_exact():
    expected = Array(torch.tensor([1e3, 0.0]))
    assert aspect(expected, Array(torch.tensor([1e3, 1e-3]))) is None
    assert aspect(expected, Array(torch.tensor([1e3, 1e-2]))) is Aspect.VALUES


def test_a_check_may_set_its_own_tolerance():
    loose = Standard({**TOLERANCES, torch.float32: Tolerance(0.0, absolute=0.5)})
    assert aspect(Array(torch.tensor([1.0])), Array(torch.tensor([1.4])), loose) is None
    assert aspect(Array(torch.tensor([1.0])), Array(torch.tensor([1.6])), loose) is Aspect.VALUES


@given(tensors(dtypes=(torch.int64, torch.bool), shapes=filled), st.data())
def test_whole_numbers_are_compared_exactly(data: Tensor, draw: st.DataObject):
    index = draw.draw(st.integers(0, data.numel() - 1))
    entry = data.reshape(-1)[index].item()
    wrong = with_entry(data, index, not entry if data.dtype is torch.bool else entry + 1)
    assert aspect(Array(data), Array(wrong), replace(STRICT, input_scale=1e6)) is Aspect.VALUES


def test_large_whole_numbers_do_not_pass_through_floats():
    assert aspect(2**60, 2**60 + 1) is Aspect.VALUES
    assert aspect(Array(torch.tensor(2**60)), Array(torch.tensor(2**60 + 1))) is Aspect.VALUES


def test_whether_a_result_requires_grad_or_is_strided_is_no_difference():
    one = Array(torch.ones(2, 2))
    assert aspect(one, replace(one, requires_grad=True, strided=True)) is None


def test_the_values_of_a_random_function_are_left_open_but_not_its_form():
    random = replace(STRICT, values=False)
    assert aspect(Array(torch.zeros(2)), Array(torch.ones(2)), random) is None
    assert aspect(0.25, 0.75, random) is None
    assert aspect(Array(torch.zeros(2)), Array(torch.ones(3)), random) is Aspect.SHAPE
    assert aspect(Array(torch.zeros(2)), Array(torch.ones(2).double()), random) is Aspect.DTYPE
    assert aspect(Array(torch.zeros(2)), Array(torch.tensor([0.0, NAN])), random) is Aspect.FINITE
    assert aspect(True, False, random) is Aspect.VALUES


@pytest.mark.parametrize(
    ("expected", "got", "in_which"),
    [
        (1, 1.0, None),
        (1.0, 1.0 + 1e-6, None),
        (1.0, 1.0 + 1e-3, Aspect.VALUES),
        (1, 2, Aspect.VALUES),
        (1.0, 10**400, Aspect.VALUES),
        (-(10**400), 1.0, Aspect.VALUES),
        (1, True, Aspect.KIND),
        (True, False, Aspect.VALUES),
        (True, 1, Aspect.KIND),
        (None, 0, Aspect.KIND),
        (NAN, 0.0, Aspect.VALUES),
        (0.0, NAN, Aspect.VALUES),
        ([1], (1,), Aspect.KIND),
        ([1], [1, 1], Aspect.STRUCTURE),
        ((), (1,), Aspect.STRUCTURE),
        ({"a": 1}, {"b": 1}, Aspect.STRUCTURE),
        ({"a": 1}, {}, Aspect.STRUCTURE),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, None),
        ("a", "b", Aspect.TOLD),
        ("a", 1, Aspect.TOLD),
        (1, "a", Aspect.KIND),
        (Array(torch.ones(())), 1.0, Aspect.KIND),
        (1.0, Array(torch.ones(())), Aspect.KIND),
        (Array(torch.ones(1)), Array(torch.ones(1), "array"), Aspect.KIND),
        (Named("dtype", "torch.float32"), Named("dtype", "torch.float64"), Aspect.VALUES),
        (Named("dtype", "torch.float32"), Named("device", "cpu"), Aspect.KIND),
        (Array(torch.ones(1)), Other("Thing"), Aspect.KIND),
        (Other("One"), Other("Another"), Aspect.KIND),
        (1, Raised("ValueError", "no"), Aspect.RAISED),
        (Raised("ValueError", "no"), 1, Aspect.KIND),
        (Raised("ValueError", "no"), Raised("TypeError", "no"), Aspect.RAISED),
        (Raised("ValueError", "no"), Raised("ValueError", "in other words"), None),
        (Array(torch.ones(1)), Array(torch.ones(1), device="cuda"), Aspect.DEVICE),
    ],
)
def test_trees_of_other_things_are_compared_by_kind_structure_and_value(
    expected: Tree, got: Tree, in_which: Aspect | None
):
    assert aspect(expected, got) is in_which
    assert aspect([expected], [got]) is in_which


def test_the_difference_that_explains_most_is_told_wherever_it_stands():
    expected = {"a": Array(torch.ones(2)), "b": Array(torch.ones(2)), "c": 1}
    got = {"a": Array(torch.zeros(2)), "b": Array(torch.ones(2).double()), "c": 2}
    assert [one.path for one in partings(expected, got, STRICT)] == [("a",), ("b",), ("c",)]
    assert difference(expected, got, STRICT) == Difference(Aspect.DTYPE, ("b",), "torch.float32", "torch.float64")


@pytest.mark.parametrize(
    ("expected", "got", "told"),
    [
        (Array(torch.ones(2)), Array(torch.ones(2, 1)), ("shape [2]", "shape [2, 1]", None)),
        (Array(torch.ones(1)), None, ("a torch.Tensor: torch.tensor([1.0])", "None", None)),
        (Array(torch.ones(99)), 3, ("a torch.Tensor: a tensor of shape [99], torch.float32", "a number: 3", None)),
        (1, list(range(99)), ("a number: 1", "a list", None)),
        ((1, 2), [1, 2], ("a tuple: (1, 2)", "a list: [1, 2]", None)),
        ((1, 2), (1, 2, 3), ("2 items", "3 items: (1, 2, 3)", None)),
        ({"a": 1}, {}, ("keys 'a'", "no keys", None)),
        (1, Raised("ValueError", "no"), ("a number: 1", "ValueError: no", None)),
        (Raised("ValueError", "no"), 1, ("ValueError: no", "a number: 1", None)),
        ("as before", "changed", ("as before", "changed", None)),
        (0.5, 0.25, ("0.5", "0.25", None)),
        (Array(torch.tensor(0.5)), Array(torch.tensor(0.25)), ("torch.tensor(0.5)", "torch.tensor(0.25)", "")),
        (
            Array(torch.tensor([[1.0, 2.0]])),
            Array(torch.tensor([[1.0, 3.0]])),
            ("torch.tensor([[1.0, 2.0]])", "torch.tensor([[1.0, 3.0]])", "[0, 1]: expected 2.0, got 3.0"),
        ),
        (0.1234567, 0.1235, ("0.123457", "0.1235", None)),
        (0.12345678, 0.12346578, ("0.123457", "0.123466", None)),
    ],
)
def test_both_sides_are_told_in_a_students_words(expected: Tree, got: Tree, told: tuple[str, str, str | None]):
    found = difference(expected, got, STRICT)
    assert found is not None
    assert (found.expected, found.got, found.where) == told


def test_as_many_digits_are_shown_as_it_takes_to_see_the_difference():
    x = torch.tensor([0.1, 1.0], dtype=torch.float64)
    found = difference(Array(x), Array(x.float().double()), STRICT)
    assert found is not None
    assert found.where == "[0]: expected 0.1, got 0.100000001"


def test_of_many_wrong_entries_the_first_are_shown_and_the_rest_counted():
    found = difference(Array(torch.zeros(4, 5)), Array(torch.ones(4, 5)), STRICT)
    assert found is not None
    lines = (found.where or "").splitlines()
    assert len(lines) == 7
    assert lines[5] == "[1, 0]: expected 0.0, got 1.0"
    assert lines[6] == "... and 14 more of 20 entries"
