"""What a student's file shows without being run: which functions are written, which are still to do.

The board looks at every file of the course, so this reads text and runs nothing: `todo` is a function that
still ends as its stub does, with `raise NotImplementedError`.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from checker.course import Exercise

Writing = Literal["todo", "written", "missing", "broken"]
"""What the text alone shows of a function; `broken` is a file that is no Python."""


@dataclass(frozen=True)
class Draft:
    """What the text of a student's file shows of an exercise's functions."""

    writing: Mapping[str, Writing]
    hashes: Mapping[str, str]


def read(exercise: Exercise) -> Draft:
    """What the student's file shows, without running it."""
    try:
        return of(exercise, exercise.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return of(exercise, "")


def of(exercise: Exercise, text: str) -> Draft:
    """What the text of a student's file shows, without running it."""
    try:
        with (
            warnings.catch_warnings()
        ):  # of the student's text, such as "\\d" in a plain string: not the board's matter
            warnings.simplefilter("ignore")
            definitions = _definitions(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Draft(dict.fromkeys(exercise.functions, "broken"), {})
    lines = text.split("\n")
    writing: dict[str, Writing] = {}
    hashes: dict[str, str] = {}
    for name in exercise.functions:
        node = definitions.get(name)
        writing[name] = "missing" if node is None else "todo" if _raises_todo(node) else "written"
        if node is not None:
            source = "\n".join(line.rstrip() for line in lines[node.lineno - 1 : node.end_lineno])
            hashes[name] = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Draft(writing, hashes)


def _definitions(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """The statement that gives each name of the file, the last one winning; ifs and tries included."""
    found: dict[str, ast.stmt] = {}
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = statement
            case ast.Assign(targets=targets):
                found |= {
                    name.id: statement for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
                }
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                found[name] = statement
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name.partition(".")[0]: statement for alias in names}
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                for block in ("body", "orelse", "finalbody"):
                    found |= _definitions(getattr(statement, block, []))
            case _:
                pass
    return found


def _raises_todo(node: ast.stmt) -> bool:
    """Whether a function, or a method of a class, still ends as its stub does."""
    if isinstance(node, ast.ClassDef):
        return any(_raises_todo(member) for member in node.body)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return any(
        isinstance(statement, ast.Raise)
        and statement.exc is not None
        and any(isinstance(name, ast.Name) and name.id == "NotImplementedError" for name in ast.walk(statement.exc))
        for statement in node.body
    )
