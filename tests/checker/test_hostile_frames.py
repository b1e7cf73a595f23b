from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given, settings

from checker import wire
from checker.wire import MAX_COMMAS, WireError, decode, encode
from tests.checker.hostile_frames import FRAMES, framed

LONG = 0.5  # seconds of the processor: ten times what a benchmark holds it to


@settings(max_examples=300)
@given(FRAMES)
def test_whatever_comes_is_a_tree_or_refused_and_soon(frame: bytes):
    started = process_time()
    with suppress(WireError):
        encode(decode(frame, max_commas=MAX_COMMAS))
    assert process_time() - started < LONG


def test_an_answer_of_too_many_entries_is_refused_on_both_sides():
    """A question is the judge's own, and may be longer: it holds a student's file."""
    many = [0] * (MAX_COMMAS + 1)
    assert decode(encode(many)) == many
    for refused in (lambda: encode(many, max_commas=MAX_COMMAS), lambda: decode(encode(many), max_commas=MAX_COMMAS)):
        with pytest.raises(WireError, match="commas"):
            refused()
    few = ["a, b"] * (MAX_COMMAS // 2 - 2)
    assert decode(encode(few, max_commas=MAX_COMMAS), max_commas=MAX_COMMAS) == few


def test_a_long_int_is_refused_before_it_is_read():
    text = b"[0," + b"9" * (wire.MAX_DIGITS + 1) + b"]"
    with pytest.raises(WireError, match="digits"):
        decode(framed(text))
