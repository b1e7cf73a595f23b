"""Submissions that are alike beyond what the task makes alike: pointed out, for a person to look at.

A file is read as tokens without comments, docstrings, signatures, imports and layout, and with one word for all names
that its author chose: renaming and reformatting change nothing. What remains is cut into overlapping pieces of a dozen
tokens, a set of **fingerprints**. Those of the stub, of the solution, of its alternatives and known mistakes, and those
that many in the class have, say nothing about two students: they are left out, and only who has enough of an own way is
compared. Two students are alike by the share of their own fingerprints that they have in common; a student and the
solution by the share of the solution's pieces, beyond the stub and the alternatives, that are in the student's file.

Nothing is compared with everything. Two sets that share most of their members share one of their rarest members, so
only who meets in such a one is compared: exact, and fast for thousands. Of equal files the first stands for all.

No library does this: those for plagiarism compare all pairs, and know neither a stub nor alternatives.
"""

from __future__ import annotations

import builtins
import io
import keyword
import token
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil

from checker.course import Exercise
from checker.stub import stub_of

PIECE = 12
"""Tokens in a fingerprint."""
ENOUGH = 40
"""Fingerprints of its own that a file must have to be compared with others."""
ENOUGH_OF_SOLUTION = 60
"""Fingerprints of its own that a solution must have: who solves a shorter one well solves it alike."""
ALIKE = 0.5
"""From which share on two students are pointed out; honest pairs have hardly any."""
ALIKE_SOLUTION = 0.75
"""From which share on a student and the solution are pointed out; honest files have up to 0.4."""
COMMON = 0.01
"""What more than this share of the different files has is common."""
FEW = 10
"""Files that may always have something in common."""
MOST_CHARACTERS = 2**16
"""Of a file that is compared: many times a solution."""

MOST_REMEMBERED = 8192
"""Files whose fingerprints are kept."""
BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class NearCopy:
    """Two that are alike."""

    exercise: str
    student: str
    other: str | None
    """Another student; None stands for the reference solution."""
    alike: float
    """The share that is alike, from 0 to 1."""


@dataclass(frozen=True)
class Known:
    """What is known of an exercise before anybody hands in."""

    words: frozenset[str]
    """The names in the stub: those that nobody chooses."""
    given: frozenset[int]
    """Fingerprints of the stub."""
    solution: frozenset[int]
    """Those of the solution that neither the stub nor another right answer has."""
    expected: frozenset[int]
    """Those of all that the instructor wrote: no evidence that two students have met."""


@cache
def known(exercise: Exercise) -> Known:
    """Give what an instructor's files say about an exercise.

    Args:
        exercise: which one.
    """
    stub = stub_of(exercise)
    words = frozenset(name for kind, name in _tokens(stub) if kind == token.NAME)
    given = fingerprints(stub, words)
    solution = fingerprints(exercise.solution.read_text("utf-8"), words)
    others, mistakes = (
        fingerprints(file.read_text("utf-8"), words) if file.is_file() else frozenset[int]()
        for file in (exercise.alternatives, exercise.misconceptions)
    )
    return Known(words, given, solution - given - others, given | solution | others | mistakes)


def find(known: Known, exercise: str, files: Mapping[str, str]) -> list[NearCopy]:
    """Give all that are alike, the most alike first.

    Args:
        known: about the exercise.
        exercise: its name.
        files: by student, the text.
    """
    first: dict[str, str] = {}
    for student, text in files.items():
        first.setdefault(text, student)
    prints = {student: fingerprints(text, known.words) for text, student in first.items()}
    found = [
        NearCopy(exercise, student, None, share)
        for student, own in prints.items()
        if len(known.solution) >= ENOUGH_OF_SOLUTION
        and (share := len(known.solution & own) / len(known.solution)) >= ALIKE_SOLUTION
    ]
    common = _common(prints.values()) | known.expected
    own_ways = {student: own - common for student, own in prints.items()}
    compared = {student: own for student, own in own_ways.items() if len(own) >= ENOUGH}
    found += [NearCopy(exercise, student, other, share) for student, other, share in alike(compared, ALIKE)]
    of_solution = {pair.student: pair.alike for pair in found if pair.other is None}
    for student, text in files.items():  # of equal files only the first was compared
        if student != first[text] and first[text] in compared:
            found.append(NearCopy(exercise, first[text], student, 1.0))
        if student != first[text] and first[text] in of_solution:
            found.append(NearCopy(exercise, student, None, of_solution[first[text]]))
    return sorted(found, key=lambda pair: (-pair.alike, pair.student, pair.other or ""))


def alike(sets: Mapping[str, frozenset[int]], share: float) -> Iterator[tuple[str, str, float]]:
    """Give the pairs of sets that have this share of their members in common, of all that one of them has.

    Of a set of n members any that is alike enough holds one of its n - ceil(share * n) + 1 rarest.

    Args:
        sets: by name, none of them empty.
        share: from 0, exclusively, to 1.

    >>> list(alike({"a": frozenset({1, 2, 3}), "b": frozenset({2, 3, 4}), "c": frozenset({5})}, 0.5))
    [('a', 'b', 0.5)]
    """
    counts = Counter(member for members in sets.values() for member in members)
    seen: dict[int, list[str]] = defaultdict(list)
    for name, members in sorted(sets.items()):
        rarest_first = sorted(members, key=lambda member: (counts[member], member))
        rarest = rarest_first[: len(members) - ceil(share * len(members)) + 1]
        for other in sorted({other for member in rarest for other in seen[member]}):
            in_common = len(members & sets[other])
            if (found := in_common / (len(members) + len(sets[other]) - in_common)) >= share:
                yield other, name, found
        for member in rarest:
            seen[member].append(name)


@lru_cache(maxsize=MOST_REMEMBERED)
def fingerprints(text: str, words: frozenset[str]) -> frozenset[int]:
    """Give the pieces of a file, as numbers.

    Args:
        text: of the file, which may be anything.
        words: the names that nobody chooses.
    """
    found: set[int] = set()
    for passage in _passages(text, words):
        for start in range(max(1, len(passage) - PIECE + 1)):
            found.add(zlib.crc32(" ".join(passage[start : start + PIECE]).encode("utf-8", "surrogatepass")))
    return frozenset(found)


def _common(prints: Iterable[frozenset[int]]) -> frozenset[int]:
    """Give the fingerprints that many have; files that are equal count once, so that copies are never common."""
    different = set(prints)
    counts = Counter(member for members in different for member in members)
    limit = max(FEW, COMMON * len(different))
    return frozenset(member for member, count in counts.items() if count > limit)


def _passages(text: str, words: frozenset[str]) -> Iterator[list[str]]:
    """Give the definitions at the outermost level, and what stands between them, each as words without its names."""
    lines = list(_lines(text))
    kept = words | BUILTINS | {part for line in lines if _imports(line) for part in line.words}
    passage: list[str] = []
    for line in lines:
        if line.depth == 0 and line.words[0] in ("def", "class", "async", "@"):
            yield passage
            passage = []
        if not (_imports(line) or line.kinds == (token.STRING,)):
            passage += [str(line.depth), *_without_names(line, kept)]
    yield passage


@dataclass(frozen=True)
class _Line:
    """A logical line, which ends where a statement does."""

    depth: int
    kinds: tuple[int, ...]
    words: tuple[str, ...]


def _lines(text: str) -> Iterator[_Line]:
    depth = 0
    kinds: list[int] = []
    words: list[str] = []
    for kind, word in _tokens(text[:MOST_CHARACTERS]):
        if kind in (token.INDENT, token.DEDENT):
            depth += 1 if kind == token.INDENT else -1
        elif kind in (token.NEWLINE, token.ENDMARKER):
            if words:
                yield _Line(depth, tuple(kinds), tuple(words))
            kinds, words = [], []
        elif kind not in (token.COMMENT, token.NL):
            kinds.append(kind)
            words.append(word)
    if words:
        yield _Line(depth, tuple(kinds), tuple(words))


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Give the tokens of a file, as far as it is Python."""
    try:
        for found in tokenize.generate_tokens(io.StringIO(text).readline):
            yield found.type, found.string
    except (tokenize.TokenError, SyntaxError, ValueError):
        return


def _imports(line: _Line) -> bool:
    return line.words[0] in ("import", "from")


def _without_names(line: _Line, kept: frozenset[str]) -> Iterator[str]:
    """Give a line with one word for all names that its author chose, and without the signature of a function."""
    start = _end_of_signature(line) if line.words[0] in ("def", "async", "class") else 0
    if start:
        yield line.words[0]
    nested = 0
    for place in range(start, len(line.words)):
        word, kind = line.words[place], line.kinds[place]
        nested += (word in "([{") - (word in ")]}") if kind == token.OP else 0
        if kind == token.NAME:
            after_dot = place > 0 and line.words[place - 1] == "."
            is_argument = nested > 0 and line.words[place + 1 : place + 2] == ("=",)
            yield word if after_dot or is_argument or word in kept or keyword.iskeyword(word) else "name"
        elif kind in (token.OP, token.NUMBER):
            yield word
        else:
            yield "text"


def _end_of_signature(line: _Line) -> int:
    """Give the place after the colon that ends it."""
    nested = 0
    for place, word in enumerate(line.words):
        nested += (word in "([{") - (word in ")]}") if line.kinds[place] == token.OP else 0
        if word == ":" and nested == 0:
            return place + 1
    return len(line.words)
