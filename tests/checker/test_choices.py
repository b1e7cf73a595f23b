"""Choices as bytes: what is told is read again, and nothing else can be."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from checker.choices import Among, Bytes, ChoicesError, Kind, Source, Whole

whole = st.tuples(st.integers(-300, 300), st.integers(0, 2**33)).map(lambda pair: Whole(pair[0], sum(pair)))
kinds = st.one_of(whole, st.lists(st.text(), min_size=1, unique=True).map(lambda found: Among(tuple(found))))
kinds = kinds | st.integers(0, 9).map(Bytes)


@given(st.data(), st.lists(kinds))
def test_choices_that_were_told_are_made_again_also_without_zeros_at_the_end(data: st.DataObject, made: list[Kind]):
    values = [data.draw(kind.strategy) for kind in made]
    told = b"".join(kind.told(value) for kind, value in zip(made, values, strict=True))
    source = Source(told.rstrip(b"\0"))
    assert [source(kind) for kind in made] == values
    source.end()


@given(st.binary(), st.lists(kinds))
def test_any_bytes_give_choices_that_are_allowed_or_are_refused(told: bytes, made: list[Kind]):
    source = Source(told)
    try:
        for kind in made:
            value = source(kind)
            assert len(kind.told(value)) >= 0
            if isinstance(kind, Whole):
                assert kind.low <= value <= kind.high
        source.end()
    except ChoicesError:
        pass


def test_what_is_left_over_is_refused():
    with pytest.raises(ChoicesError, match="1 bytes are left over"):
        Source(b"\0").end()
