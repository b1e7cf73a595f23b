"""Frames as a hostile process may write them: noise, damage, forms that are nearly right, and bombs."""

import json
import struct

from hypothesis import strategies as st

from checker import frames
from checker.wire import encode
from tests.checker.test_wire import TREES


def framed(text: bytes, tensors: bytes = b"") -> bytes:
    """A frame whose lengths are right, whatever they are the lengths of."""
    return struct.pack(">II", len(text), len(tensors)) + text + tensors


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good frame with bytes changed, left out, or put in."""
    frame = bytearray(encode(draw(TREES)))
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(st.integers(0, len(frame))), draw(st.integers(0, 8))
        frame[start : start + length] = draw(st.binary(max_size=8))
    return bytes(frame)


TAGS = [
    "list",
    "tuple",
    "dict",
    "array",
    "raised",
    "named",
    "other",
    "float",
    "nan",
    "dtype",
    "tensor",
    "cpu",
    "float32",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-1, 3),
    st.integers(-(2**4_000), 2**4_000),
    st.floats(),
    st.sampled_from(TAGS),
    st.text(max_size=6),
)
FORMS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=20,
)

SIZES = st.integers(-2, 5) | st.integers(-(2**70), 2**70)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F32", "F64", "I64", "BOOL", "U8", "BF16", "C64", "F99"]),
        "shape": st.lists(SIZES, max_size=4),
        "data_offsets": st.lists(SIZES, max_size=3),
        "more": FORMS,
    },
)


@st.composite
def tensors(draw: st.DrawFn) -> bytes:
    """What safetensors may be made of, with lengths that lie."""
    names = st.sampled_from(["0", "1", "2", "__metadata__", ""]) | st.text(max_size=3)
    header = json.dumps(draw(st.dictionaries(names, ENTRIES, max_size=4))).encode()
    said = draw(st.just(len(header)) | st.integers(0, 2**64 - 1))
    return struct.pack("<Q", said) + header + draw(st.binary(max_size=64))


ARRAY = ["array", 0, "tensor", "cpu", False, False, "float32"]
NEARLY = st.builds(
    lambda count, node, data: framed(json.dumps([count, node]).encode(), data),
    st.integers(-1, 3) | LEAVES,
    FORMS | st.just(ARRAY),
    st.just(b"") | tensors() | st.binary(max_size=64),
)

PIECES = [
    b",0",
    b',["list"]',
    b'["list",',
    b"[",
    b'{"a":',
    b',""',
    b",1e5",
    b"," + b"9" * 600,
    b'"',
    b"\\u0041",
    b"\\\\",
    b"9",
]


@st.composite
def bombs(draw: st.DrawFn) -> bytes:
    """One piece again and again, up to what a frame may hold."""
    piece = draw(st.sampled_from(PIECES))
    room = draw(st.sampled_from([10**3, 10**5, frames.MAX_TEXT - 20]))
    before, after = draw(
        st.sampled_from([(b"[0", b"]"), (b'[0,["list"', b"]]"), (b'[0,"', b'"]'), (b'[0,["dict"', b"]]")])
    )
    return framed(before + piece * (room // len(piece)) + after)


# Each kind as often as it is written here; bombs seldom, as they are large.
FRAMES = st.one_of(
    st.binary(max_size=300),
    st.builds(framed, st.binary(max_size=200), st.binary(max_size=200)),
    *[damaged()] * 3,
    *[NEARLY] * 4,
    bombs(),
)
