"""Observations for laws to hold of: trees of all leaves that both sides of a comparison can hold."""

import hypothesis.strategies as st
import torch
from torch import Tensor

from checker.observation import PLAIN_DTYPES, Array, Named, Other, Raised, Tree

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
NUMPY_DTYPES = sorted(PLAIN_DTYPES - {torch.bfloat16}, key=str)
INPUT_DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool)
"""Those that `checks.py` can ask for."""


@st.composite
def tensors(
    draw: st.DrawFn,
    *,
    dtypes: tuple[torch.dtype, ...] = INPUT_DTYPES,
    shapes: st.SearchStrategy[tuple[int, ...]] = SHAPES,
    finite: bool = False,
) -> Tensor:
    """Tensors of any numbers; NaN and infinities too, unless only finite ones are wanted."""
    dtype, shape = draw(st.sampled_from(dtypes)), draw(shapes)
    count = torch.Size(shape).numel()
    if dtype is torch.bool:
        entries = st.booleans()
    elif dtype.is_floating_point:
        bound = 1e4 if finite else None
        entries = st.floats(
            None if bound is None else -bound, bound, allow_nan=not finite, allow_infinity=not finite,
            allow_subnormal=False, width=32 if dtype is torch.float32 else 64,
        )  # fmt: skip
    else:
        entries = st.integers(-1000, 1000)
    return torch.tensor(draw(st.lists(entries, min_size=count, max_size=count)), dtype=dtype).reshape(shape)


@st.composite
def arrays(draw: st.DrawFn, *, finite: bool = False) -> Array:
    """Tensors and NumPy arrays in any layout."""
    data = draw(tensors(finite=finite))
    kind = draw(st.sampled_from(["tensor", "array"]))
    requires_grad = kind == "tensor" and data.is_floating_point() and draw(st.booleans())
    return Array(data, kind, strided=draw(st.booleans()), requires_grad=requires_grad)


def nested(leaves: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Lists, tuples and dicts of leaves, inside each other."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3),
        ),
        max_leaves=6,
    )


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.builds(Named, st.just("dtype"), st.sampled_from(sorted(map(str, PLAIN_DTYPES)))) | st.just(
    Named("device", "cpu")
)
INPUTS = nested(SCALARS | NAMES | arrays())
"""What a call can be given: each has a value that it stands for and a Python expression that makes it."""
OBSERVATIONS = nested(
    SCALARS
    | NAMES
    | arrays()
    | st.builds(Raised, st.text(max_size=4), st.text(max_size=4))
    | st.builds(Other, st.text())
)
