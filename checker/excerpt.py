"""What a piece of code needs from a module, cut out of the module's text.

A call that is shown to a student names functions, classes and imports of `checks.py`, which the student does not have.
So that it can be pasted all the same, their definitions are shown above it, and nothing else of that file.
"""

from __future__ import annotations

import ast
import builtins


def free_names(code: str) -> set[str]:
    r"""Give the names that code uses and does not define.

    >>> sorted(free_names("y = f(x)\nsum(g(each) for each in y)"))
    ['f', 'g', 'x']
    """
    nodes = list(ast.walk(ast.parse(code)))
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return used - {name for node in nodes for name in _defined(node)} - set(dir(builtins))


def excerpt(source: str, code: str, *, given: set[str]) -> tuple[list[str], list[str]]:
    """Give the imports and the definitions that code needs of a module, each in the module's order.

    Args:
        source: the text of the module.
        code: what uses its names.
        given: names that come from elsewhere.
    """
    statements = ast.parse(source).body
    needed: set[int] = set()
    used = wanted = free_names(code) - given
    while wanted:
        found = {place for place, node in enumerate(statements) if wanted & set(_defined(node))} - needed
        needed |= found
        texts = [ast.unparse(statements[place]) for place in found]
        wanted = set().union(*map(free_names, texts)) - given
        used = used | wanted
    lines = source.split("\n")
    imports: list[str] = []
    definitions: list[str] = []
    for place in sorted(needed):
        node = statements[place]
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.append(_import(node, used))
        else:
            definitions.append("\n".join(lines[_first_line(node) - 1 : node.end_lineno]))
    return imports, definitions


def _import(node: ast.Import | ast.ImportFrom, used: set[str]) -> str:
    """Give an import of what is used, and of nothing else."""
    names = [alias for alias, name in zip(node.names, _defined(node), strict=True) if name in used]
    return ast.unparse(ast.Import(names) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, names, 0))


def _first_line(node: ast.stmt) -> int:
    return min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))


def _defined(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        case ast.Assign():
            return [name for target in node.targets for name in _defined(target)]
        case ast.AnnAssign():
            return _defined(node.target)
        case ast.Tuple():
            return [name for part in node.elts for name in _defined(part)]
        case ast.Name(ctx=ast.Store()):
            return [node.id]
        case ast.arg():
            return [node.arg]
        case ast.ExceptHandler():
            return [node.name] if node.name else []
        case _:
            return []
