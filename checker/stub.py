"""The file a student starts from, made from the right answer: all of the task, nothing of its solution.

Of a function or method that is checked, the signature and the docstring stay and the body becomes
`raise NotImplementedError`. Other names are given to students as they are, except those that start with an
underscore. Text is cut out of the solution by line, so that it reads as its author wrote it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from checker.course import CourseError, Exercise

TODO = "raise NotImplementedError"
KEPT_DECORATORS = {"property", "classmethod", "staticmethod"}
"""Those that change how a method is called; any other one is part of the answer."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
Import = ast.Import | ast.ImportFrom


def stub_of(exercise: Exercise) -> str:
    """The untouched file of an exercise.

    Raises:
        CourseError: where the solution cannot be turned into one.
    """
    return stub(exercise.solution.read_text(encoding="utf-8"), exercise.functions)


def stub(solution: str, checked: Sequence[str]) -> str:
    r'''The stub of a solution.

    Args:
        solution: the text of a module that `ruff format` leaves as it is.
        checked: the functions and classes that students write.

    Raises:
        CourseError: a checked name is not defined, or a given function needs one that students do not get.

    >>> print(stub('def double(x: int) -> int:\n    """Twice x."""\n    return 2 * x\n', ["double"]), end="")
    def double(x: int) -> int:
        """Twice x."""
        raise NotImplementedError
    '''
    lines = solution.split("\n")
    body = ast.parse(solution).body
    docstring = [node for node in body[:1] if _is_docstring(node)]
    imports = [node for node in body if isinstance(node, Import)]
    others = [node for node in body if node not in docstring and node not in imports]
    kept = [node for node in others if not _is_private(node)]
    defined = {_name(node) for node in kept if isinstance(node, Definition)}
    for name in checked:
        if name not in defined:
            raise CourseError(f"solution.py defines no function or class {name!r}, which checks.py checks.")
    texts = [_skeleton(node, lines) if _name(node) in checked else _verbatim(node, lines) for node in kept]
    used = _names_used("\n".join(texts))
    for name in used & {_name(node) for node in others if _is_private(node)}:
        raise CourseError(
            f"solution.py gives students code that uses {name!r}, which they do not get: "
            "give that a name without an underscore, or do without it."
        )
    pieces = [(node, _verbatim(node, lines)) for node in docstring]
    pieces += [(node, text) for node in imports if (text := _import(node, used, lines))]
    pieces += zip(kept, texts, strict=True)
    return _join(pieces, lines)


def definition(text: str, name: str) -> str:
    r"""The definition of a function or class, as it stands in a module.

    Raises:
        CourseError: where the module has none.

    >>> definition("import math\ndef half(x):\n    return x / 2\n", "half")
    'def half(x):\n    return x / 2'
    """
    for node in ast.parse(text).body:
        if isinstance(node, Definition) and _name(node) == name:
            return _verbatim(node, text.split("\n"))
    raise CourseError(f"There is no function or class {name!r} in this solution.")


def _skeleton(node: ast.stmt, lines: Sequence[str]) -> str:
    """A definition without its answer."""
    if isinstance(node, Function):
        return "\n".join(_function(node, lines))
    assert isinstance(node, ast.ClassDef), "only functions and classes can be checked"
    first = min(inner.lineno for inner in (node, *node.decorator_list))
    text = _cut(first, _body_start(node) - 1, lines)
    members = [member for member in node.body if not (_is_docstring(member) or _is_private(member))]
    for member in members:
        text += [""] if text[-1] else []
        text += _function(member, lines) if isinstance(member, Function) else [_verbatim(member, lines), ""]
    return "\n".join(text).rstrip()


def _function(node: Function, lines: Sequence[str]) -> list[str]:
    indent = " " * node.col_offset
    decorators = [
        f"{indent}@{decorator.id}"
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Name) and decorator.id in KEPT_DECORATORS
    ]
    return [*decorators, *_cut(node.lineno, _body_start(node) - 1, lines), f"{indent}    {TODO}"]


def _body_start(node: Function | ast.ClassDef) -> int:
    """The first line that is neither signature nor docstring, nor the empty lines and comments after these."""
    first = node.body[0]
    if _is_docstring(first):
        assert first.end_lineno is not None, "parsed nodes know where they end"
        return first.end_lineno + 1
    return first.lineno


def _import(node: ast.stmt, used: set[str], lines: Sequence[str]) -> str:
    """An import of what is used, possibly nothing."""
    assert isinstance(node, Import), "called for imports only"
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return _verbatim(node, lines)
    names = [alias for alias in node.names if (alias.asname or alias.name).partition(".")[0] in used]
    if len(names) == len(node.names):
        return _verbatim(node, lines)
    if not names:
        return ""
    return ast.unparse(
        ast.Import(names)
        if isinstance(node, ast.Import)
        else ast.ImportFrom(module=node.module, names=names, level=node.level)
    )


def _names_used(text: str) -> set[str]:
    """The names that code needs, those in quoted annotations and in the examples of docstrings included."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            examples = re.findall(r"^\s*(?:>>>|\.\.\.) (.*)$", node.value, re.MULTILINE)
            quoted = [] if "\n" in node.value else [node.value]
            used.update(re.findall(r"(?<![.\w])[A-Za-z]\w*", "\n".join(examples + quoted)))
    return used


def _join(pieces: Sequence[tuple[ast.stmt, str]], lines: Sequence[str]) -> str:
    """The pieces with as many empty lines between them as `ruff format` wants."""
    text = ""
    previous: ast.stmt | None = None
    for node, piece in pieces:
        if previous is not None:
            text += "\n" * (1 + _empty_lines(previous, node, lines))
        text += piece
        previous = node
    return text + "\n"


def _empty_lines(before: ast.stmt, after: ast.stmt, lines: Sequence[str]) -> int:
    if isinstance(before, Definition) or isinstance(after, Definition):
        return 2
    ends_imports = isinstance(before, Import) and not isinstance(after, Import)
    return int(ends_imports or "" in lines[before.end_lineno : after.lineno - 1])


def _verbatim(node: ast.stmt, lines: Sequence[str]) -> str:
    """A statement as it stands, with its decorators and the comment right above it."""
    first = min(inner.lineno for inner in (node, *getattr(node, "decorator_list", [])))
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    assert node.end_lineno is not None, "parsed nodes know where they end"
    return "\n".join(_cut(first, node.end_lineno, lines))


def _cut(first: int, last: int, lines: Sequence[str]) -> list[str]:
    return list(lines[first - 1 : last])


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_private(node: ast.stmt) -> bool:
    name = _name(node)
    return name.startswith("_") and not name.endswith("__")


def _name(node: ast.stmt) -> str:
    """The name that a statement defines; empty where it is none or several."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return ""
