"""What a case is made of: a few kinds of choices, drawn by hypothesis once, and read again from bytes later.

The choices of a case, in their order, are its shortest description: a few bytes that need no generator of random
numbers to be the same elsewhere, and from which only cases can be read that the check allows. The simplest choice is
zero, which is what shrinking aims at, so zeros at the end need not be told.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import hypothesis.strategies as st


class ChoicesError(Exception):
    """These bytes are no choices of such a case."""


class Kind(Protocol):
    """One choice: how it is drawn, told and read."""

    @property
    def strategy(self) -> st.SearchStrategy[Any]:
        """What hypothesis draws it by."""
        ...

    def told(self, value: Any) -> bytes:
        """The bytes that tell what was chosen."""
        ...

    def read(self, source: Source) -> Any:
        """What was chosen; raises `ChoicesError` where that cannot have been."""
        ...


Choose = Callable[[Kind], Any]
"""Makes one choice: by drawing it, or by reading what was drawn before."""


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    low: int
    high: int

    @property
    def strategy(self) -> st.SearchStrategy[int]:
        """What hypothesis draws it by."""
        return _integers(self.low, self.high)

    def told(self, value: int) -> bytes:
        """Seven bits a byte, the last ones first; the eighth says that more come."""
        rest, told = value - self.low, bytearray()
        while rest > 127:
            told.append(rest & 127 | 128)
            rest >>= 7
        return bytes([*told, rest])

    def read(self, source: Source) -> int:
        """What was chosen."""
        value = shift = 0
        while (byte := source.take(1)[0]) > 127 and shift < 63:
            value, shift = value | (byte & 127) << shift, shift + 7
        value = self.low + (value | byte << shift)
        if value > self.high:
            raise ChoicesError(f"{value} is more than {self.high}")
        return value


@dataclass(frozen=True)
class Among:
    """One of a few values."""

    values: tuple[Any, ...]

    @property
    def strategy(self) -> st.SearchStrategy[Any]:
        """What hypothesis draws it by."""
        return _sampled(self.values)

    def told(self, value: Any) -> bytes:
        """Its place."""
        return Whole(0, len(self.values) - 1).told(self.values.index(value))

    def read(self, source: Source) -> Any:
        """What was chosen."""
        return self.values[Whole(0, len(self.values) - 1).read(source)]


@dataclass(frozen=True)
class Bytes:
    """So many bytes: all entries of a tensor in one draw, which costs a tenth of a draw an entry."""

    count: int

    @property
    def strategy(self) -> st.SearchStrategy[bytes]:
        """What hypothesis draws it by."""
        return _binary(self.count)

    def told(self, value: bytes) -> bytes:
        """The bytes themselves."""
        return value

    def read(self, source: Source) -> bytes:
        """What was chosen."""
        return source.take(self.count)


class Source:
    """Choices that were told, to be made again one after the other."""

    def __init__(self, told: bytes) -> None:
        self._told = told

    def __call__(self, kind: Kind) -> Any:
        """Make the next choice."""
        return kind.read(self)

    def take(self, count: int) -> bytes:
        """The next bytes; zeros where no more were told."""
        taken, self._told = self._told[:count], self._told[count:]
        return taken.ljust(count, b"\0")

    def end(self) -> None:
        """See that all that was told was asked for.

        Raises:
            ChoicesError: something is left.
        """
        if self._told:
            raise ChoicesError(f"{len(self._told)} bytes are left over")


# Made once and kept: hypothesis checks each strategy that it meets for the first time, which would take longer than all
# else in a draw.

_integers = functools.cache(st.integers)


@functools.cache
def _sampled(values: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@functools.cache
def _binary(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)
