"""What functions of a notebook need, cut out of the cells that ran: definitions, imports, constants, and no more.

A notebook holds trainings and pictures that nobody wants to run again. So the statement that last gave a name its
value is taken for each function, then for each name that these statements use, and so on; they are put together in
the order in which they ran. What a function's body uses is looked up when it is called: there the last definition
counts, while a statement's own names (a decorator, a default) had to be there before it.
"""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAGICS = frozenset({"time", "capture", "prun"})
"""Cell magics that run the rest of their cell in the notebook."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement that ran."""

    text: str
    cell: int
    """As in `In [5]`."""
    line: int
    """Within the cell, from 1."""
    binds: frozenset[str]
    needs_now: frozenset[str]
    needs_later: frozenset[str]
    """Names that the functions in it look up when they are called."""
    always_binds: bool
    """Unlike an `if`, which may leave a name as it was."""


@dataclass(frozen=True)
class Extract:
    """Statements put together, and where each line came from."""

    text: str
    origins: tuple[tuple[int, int] | None, ...]
    """For each line its cell and the line there; None for what was given."""
    names: frozenset[str]
    """What the statements bind."""


def statements(cells: Sequence[str]) -> list[Statement]:
    """Give the statements of cells, in the order in which they ran; a cell that is no Python never did.

    Args:
        cells: their text, the first as `In [0]`.
    """
    found: list[Statement] = []
    with warnings.catch_warnings():  # of the student's text, such as "\\d" in a plain string
        warnings.simplefilter("ignore")
        for number, text in enumerate(cells):
            found += _statements(text, number, 0)
    return found


def extract(ran: Sequence[Statement], names: Iterable[str], given: str = "") -> Extract:
    r"""Give the statements that define names, with those that these need.

    Args:
        ran: from `statements`.
        names: what is to be defined; one that no statement binds is left out.
        given: text put before them, whose names need no statement.

    >>> cells = ["import math", "HALF = 0.5", "unused = math.inf", "def area(r):\n    return HALF * math.pi * r**2"]
    >>> print(extract(statements(cells), ["area"]).text)
    import math
    HALF = 0.5
    def area(r):
        return HALF * math.pi * r**2
    """
    chosen: set[int] = set()
    wanted = [(name, len(ran)) for name in names]
    while wanted:
        name, before = wanted.pop()
        place = next((place for place in reversed(range(before)) if name in ran[place].binds), None)
        if place is None or place in chosen:
            continue
        chosen.add(place)
        one = ran[place]
        wanted += [(other, place) for other in (one.needs_now if one.always_binds else one.needs_now | one.binds)]
        wanted += [(other, len(ran)) for other in one.needs_later]
    from_future = [one.text for one in ran if one.text.startswith("from __future__")]  # counts for all later cells
    lines = [*dict.fromkeys(from_future), *given.splitlines()]
    origins: list[tuple[int, int] | None] = [None] * len(lines)
    for place in sorted(chosen):
        one = ran[place]
        own = one.text.split("\n")
        lines += own
        origins += [(one.cell, one.line + offset) for offset in range(len(own))]
    return Extract("\n".join(lines), tuple(origins), frozenset().union(*(ran[place].binds for place in chosen)))


def _statements(text: str, cell: int, offset: int) -> Iterator[Statement]:
    try:
        nodes = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = text.splitlines()
    for node in nodes:
        match node:
            case ast.Expr(
                ast.Call(ast.Attribute(attr="run_cell_magic"), [ast.Constant(magic), _, ast.Constant(str(body))])
            ) if magic in MAGICS:
                yield from _statements(body, cell, offset + 1)
            case _:
                cut = _cut(node, lines)
                used = _names(cut)
                if used is not None:
                    yield Statement(cut, cell, offset + _first_line(node), *used, _always_binds(node))


def _names(text: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]] | None:
    """Give the names that a statement binds, uses at once, and uses later; None for what only IPython understands."""
    try:
        table = symtable.symtable(text, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return None
    symbols = table.get_symbols()
    binds = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
    now = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    later: set[str] = set()
    inner = [(child, True) for child in table.get_children()]
    while inner:
        scope, at_once = inner.pop()
        at_once = at_once and (scope.get_type() == "class" or scope.get_name().endswith(("comp", "expr")))
        used = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        (now if at_once else later).update(used)
        inner += [(child, at_once) for child in scope.get_children()]
    if isinstance(ast.parse(text).body[0], ast.AugAssign):
        now |= binds
    return frozenset(binds), frozenset(now), frozenset(later)


def _always_binds(node: ast.stmt) -> bool:
    compound = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match, ast.Delete)
    return not isinstance(node, compound)


def _first_line(node: ast.stmt) -> int:
    return min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))


def _cut(node: ast.stmt, lines: Sequence[str]) -> str:
    """Give a statement's text without what stands beside it, such as another one after a semicolon."""
    first = _first_line(node)
    assert node.end_lineno is not None, "parsed nodes know where they end"
    own = [line.encode() for line in lines[first - 1 : node.end_lineno]]
    own[-1] = own[-1][: node.end_col_offset]
    if first == node.lineno:
        own[0] = own[0][node.col_offset :]
    return b"\n".join(own).decode()
