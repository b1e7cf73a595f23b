import json
import struct
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from safetensors.torch import save

from checker import frames, wire
from checker.observation import PLAIN_DTYPES, Array, Named, Other, Raised, Tree, identical, leaves
from checker.wire import WireError, decode, encode

TEXTS = st.text(max_size=8)
SHAPES = st.lists(st.integers(0, 3), max_size=4)


@st.composite
def arrays(draw: st.DrawFn) -> Array:
    """Any bytes, seen as any dtype: NaNs of every kind, infinities and negative zeros among them."""
    dtype = draw(st.sampled_from(sorted(PLAIN_DTYPES, key=str)))
    shape = draw(SHAPES)
    size = torch.Size(shape).numel() * dtype.itemsize
    if dtype is torch.bool:
        data = torch.tensor(draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=dtype).reshape(shape)
    elif size:
        content = draw(st.binary(min_size=size, max_size=size))
        data = torch.frombuffer(bytearray(content), dtype=dtype).reshape(shape)
    else:
        data = torch.empty(shape, dtype=dtype)
    kind = draw(st.sampled_from(["tensor", "array"]))
    return Array(data, kind, draw(st.sampled_from(["cpu", "cuda:0"])), draw(st.booleans()), draw(st.booleans()))


LINES = st.lists(st.tuples(st.integers(0, 10**6), TEXTS, TEXTS), max_size=3).map(tuple)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**1_999), 2**1_999),
    st.floats(),
    st.text(st.characters(), max_size=8),
    arrays(),
    st.builds(Raised, TEXTS, TEXTS, LINES, st.booleans()),
    st.builds(Named, st.sampled_from(["dtype", "device", "function"]), TEXTS),
    st.builds(Other, TEXTS, TEXTS),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(TEXTS | st.integers(), inner, max_size=4),
    ),
    max_leaves=12,
)


def layouts(tree: Tree) -> list[tuple[bool, bool]]:
    return [(leaf.strided, leaf.requires_grad) for leaf in leaves(tree) if isinstance(leaf, Array)]


@given(TREES)
def test_a_tree_comes_back_as_it_was_to_the_bit(tree: Tree):
    back = decode(encode(tree))
    assert identical(back, tree)
    assert layouts(back) == layouts(tree)
    assert [str(leaf) for leaf in leaves(back)] == [str(leaf) for leaf in leaves(tree)]  # the sign of zero, and texts


@pytest.mark.parametrize(
    "data",
    [
        torch.arange(6.0).reshape(2, 3).mT,
        torch.ones(1).expand(4),
        torch.arange(6.0)[::2],
        torch.tensor([1 + 2j]).conj(),
        torch.tensor([1 + 2j]).conj().imag,
        torch.ones(2, requires_grad=True),
        torch.nn.Parameter(torch.ones(2)),
    ],
    ids=["transposed", "expanded", "strided", "conjugate", "negative", "requires grad", "parameter"],
)
def test_a_tensor_of_any_layout_can_be_sent(data: torch.Tensor):
    back = decode(encode(Array(data))).data
    assert torch.equal(back, data)
    assert type(back) is torch.Tensor
    assert not back.requires_grad


def test_tensors_that_share_memory_arrive_as_tensors_of_their_own():
    data = torch.arange(4.0)
    first, second = decode(encode([Array(data), Array(data[1:])]))
    first.data.zero_()
    assert second.data.tolist() == [1, 2, 3]


def deep(levels: int) -> Tree:
    tree: Tree = None
    for _ in range(levels):
        tree = [tree]
    return tree


@pytest.mark.parametrize("dtype", sorted(PLAIN_DTYPES, key=str))
def test_tensors_that_share_memory_or_lie_in_another_order_arrive_apart(dtype: torch.dtype):
    data = torch.arange(6).reshape(2, 3).to(dtype)
    tree = [Array(data), Array(data[1]), Array(data.T), Array(data[:0]), Array(data[0, 0])]
    back = decode(encode(tree))
    assert identical(back, tree)


@pytest.mark.parametrize(
    "tree",
    [
        object(),
        {1.5: None},
        {"key": {(): None}},
        1 << 10_000,
        deep(wire.MAX_LEVELS + 1),
        "x" * (frames.MAX_TEXT + 1),
        [Array(torch.zeros(1))] * (wire.MAX_ARRAYS + 1),
        Array(torch.zeros(1).expand(frames.MAX_FRAME)),
        Array(torch.zeros(1, dtype=torch.complex128)),
        Array(torch.zeros([1] * 200)),
    ],
    ids=["object", "float key", "tuple key", "int", "depth", "text", "arrays", "bytes", "dtype", "dimensions"],
)
def test_what_no_frame_can_carry_is_refused_at_once(tree: Any):
    started = monotonic()
    with pytest.raises(WireError):
        encode(tree)
    assert monotonic() - started < 2


def framed(form: Any, tensors: bytes = b"") -> bytes:
    text = form if isinstance(form, bytes) else json.dumps(form).encode()
    return frames.pack(text, tensors)


ONE = save({"0": torch.zeros(2)})
MENTION = ["array", 0, "tensor", "cpu", False, False, "float32"]


def test_the_frames_below_differ_from_good_ones_only_in_what_they_say():
    assert decode(framed([0, ["list", None]])) == [None]
    assert decode(framed([1, MENTION], ONE)).data.tolist() == [0, 0]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0" * 7,
        framed([0, None])[:-1],
        framed([0, None]) + b"\0",
        struct.pack(">II", frames.MAX_TEXT + 1, 0),
        struct.pack(">II", 0, frames.MAX_FRAME + 1),
        framed(b""),
        framed(b"\xff"),
        framed(b"[0, NaN]"),
        framed(b"[0, -Infinity]"),
        framed(b"[0, 1e999]"),
        framed(b"[0, " + b"9" * 5000 + b"]"),
        framed(b"[" * 1_000_000),
        framed([0, {"a": 1}]),
        framed(b'[0, {"a": 1, "a": 2}]'),
        framed([0]),
        framed([True, None]),
        framed([-1, None]),
        framed([wire.MAX_ARRAYS + 1, None]),
        framed([0, deep(wire.MAX_LEVELS + 1)]),
        framed([0, []]),
        framed([0, ["set", 1]]),
        framed([0, ["dict", ["a", None], ["a", None]]]),
        framed([0, ["dict", [1.5, None]]]),
        framed([0, ["dict", [True, None]]]),
        framed([0, ["float", "1.5"]]),
        framed([0, ["named", "module", "os"]]),
        framed([0, ["raised", "E", "", [[1, "f"]], True]]),
        framed([0, ["raised", "E", "", [[True, "f", ""]], True]]),
        framed([0, ["raised", "E", "", "f", True]]),
        framed([0, None], ONE),
        framed([1, None], ONE),
        framed([1, MENTION]),
        framed([1, ["list", MENTION, MENTION]], ONE),
        framed([1, MENTION], save({"1": torch.zeros(2)})),
        framed([1, MENTION], save({"0": torch.zeros(2), "1": torch.zeros(2)})),
        framed([1, MENTION], ONE[:-1]),
        framed([1, MENTION], ONE + b"\0"),
        framed([1, ["array", 1, *MENTION[2:]]], ONE),
        framed([1, [*MENTION[:2], "file", *MENTION[3:]]], ONE),
        framed([1, [*MENTION[:-1], "float64"]], ONE),
        framed([1, [*MENTION[:-1], "complex64"]], save({"0": torch.zeros(3)})),
        framed([1, [*MENTION[:-1], "bool"]], save({"0": torch.zeros(2, dtype=torch.bool)})[:-1] + b"\2"),
        framed([1, MENTION], struct.pack("<Q", 10**6) + b" " * 10**6),
    ],
    ids=lambda _: "frame",
)
def test_what_is_not_of_the_form_is_refused_at_once(frame: bytes):
    started = monotonic()
    with pytest.raises(WireError):
        decode(frame)
    assert monotonic() - started < 1


def test_a_header_of_many_names_is_refused_before_it_is_parsed():
    entry = '"{}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    header = ("{" + ",".join(entry.format(i) for i in range(300_000)) + "}").encode()
    started = monotonic()
    with pytest.raises(WireError, match="header"):
        decode(framed([wire.MAX_ARRAYS, None], struct.pack("<Q", len(header)) + header))
    assert monotonic() - started < 1


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes):
    assume(data != framed([0, None]))
    with pytest.raises(WireError):
        decode(data)


@given(st.data(), TREES)
def test_a_damaged_frame_is_a_tree_or_refused_but_never_anything_else(data: st.DataObject, tree: Tree):
    frame = bytearray(encode(tree))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    started = monotonic()
    with suppress(WireError):
        encode(decode(bytes(frame)))
    assert monotonic() - started < 1


def test_frames_follow_each_other_on_one_pipe(tmp_path):
    sent = [encode(tree) for tree in ("first", [Array(torch.arange(5.0))], None)]
    path = tmp_path / "pipe"
    path.write_bytes(b"".join(sent) + sent[0][:-1])
    with path.open("rb", buffering=0) as file:
        assert [frames.receive(file.fileno()) for _ in sent] == sent
        with pytest.raises(EOFError):
            frames.receive(file.fileno())
