"""Senseless answers: of the right form where they should be, never right, and nothing is touched on the way."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given

from checker.agreement import Aspect, Standard, difference
from checker.observation import identical, plain
from checker.senseless import SENSELESS, constant, echo, off_by_one, zeros
from checker.spec import TOLERANCES
from tests.checker.trees import tensors

VALUES: dict[str, Any] = {
    "a vector": torch.tensor([1.5, 2.5]),
    "a scalar": torch.tensor(2.0),
    "a matrix": torch.tensor([[2, 3], [4, 5]]),
    "an array": np.array([1.5, 2.5]),
    "a number": 3.5,
    "a pair": (torch.tensor([3.0]), torch.tensor([4.0])),
    "a dict": {"w": torch.tensor([3.0]), "b": torch.tensor(2.0)},
    "a list": [3.0, 4.0],
    "flags": torch.tensor([True, False]),
}


def aspect(expected: object, got: object) -> Aspect | None:
    found = difference(plain(expected), plain(got), Standard(TOLERANCES))
    return found and found.aspect


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("spoil", [zeros, constant])
def test_zeros_and_ones_differ_in_nothing_but_their_values(spoil: Any, value: object):
    spoiled = spoil(lambda: value)()
    expected = Aspect.DTYPE if isinstance(value, torch.Tensor) and value.dtype is torch.bool else Aspect.VALUES
    assert aspect(value, spoiled) is expected


def test_zeros_are_zeros_and_a_constant_is_one():
    assert zeros(lambda: VALUES["a dict"])() == {"w": torch.zeros(1), "b": torch.tensor(0.0)}
    assert constant(lambda: VALUES["a list"])() == [1, 1]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_one_entry_too_many_differs_in_form(value: object):
    assert aspect(value, off_by_one(lambda: value)()) in (Aspect.SHAPE, Aspect.STRUCTURE, Aspect.KIND)


@given(tensors(finite=True))
def test_one_entry_too_many_begins_like_the_right_answer(value: torch.Tensor):
    longer = off_by_one(lambda: value)()
    flat = value.reshape(1) if value.ndim == 0 else value
    assert longer.dtype is value.dtype
    assert longer.shape == (len(flat) + 1, *flat.shape[1:])
    assert torch.equal(longer[:-1], flat)


def test_a_tuple_has_one_item_too_many():
    assert off_by_one(lambda: (2, 3))() == (2, 3, 1)


def test_an_echo_is_the_first_argument():
    assert echo(lambda x, y: x + y)("x", "y") == "x"
    assert echo(lambda: 3)() is None


@pytest.mark.parametrize("spoil", [zeros, constant, off_by_one])
def test_a_function_that_makes_a_function_is_spoiled_in_what_that_gives(spoil: Any):
    def doubled(f: Any) -> Any:
        return lambda x: 2 * f(x)

    spoiled = spoil(doubled)(lambda x: x + 1)
    x = torch.tensor([1.0, 2.0])
    assert callable(spoiled)
    assert aspect(2 * (x + 1), spoiled(x)) is not None
    assert identical(plain(x), plain(torch.tensor([1.0, 2.0])))


@pytest.mark.parametrize("spoil", SENSELESS.values(), ids=SENSELESS)
def test_an_answer_in_place_leaves_its_arguments_without_the_right_answer(spoil: Any):
    x, a = torch.tensor([1.0]), np.array([1.0])
    spoil(lambda x: x.add_(1))(x)
    spoil(lambda a: np.add(a, 1, out=a))(a)
    assert (x.tolist(), a.tolist()) == ([1.0], [1.0])


@pytest.mark.parametrize("spoil", SENSELESS.values(), ids=SENSELESS)
def test_the_signature_stays_as_it_was(spoil: Any):
    import inspect

    def right(w: int, x: int = 2) -> int:
        return w + x

    assert inspect.signature(spoil(right)) == inspect.signature(right)
    assert spoil(right).__name__ == "right"


class Right:
    """What a class does."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def item(self, index: int) -> torch.Tensor:
        return torch.full((2,), index + 0.5)


@pytest.mark.parametrize(
    ("spoil", "length", "item"),
    [(zeros, 0, [0.0, 0.0]), (constant, 1, [1.0, 1.0]), (off_by_one, None, [3.5, 3.5, 3.5]), (echo, None, 3)],
)
def test_a_class_is_spoiled_in_what_its_methods_give(spoil: Any, length: int | None, item: object):
    made = spoil(Right)(size=5)
    assert isinstance(made, Right)
    assert made.size == 5
    given = made.item(3)
    assert (given.tolist() if isinstance(given, torch.Tensor) else given) == item
    if length is None:
        with pytest.raises(TypeError):
            len(made)
    else:
        assert len(made) == length
