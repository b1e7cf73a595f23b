"""Small changes of a right answer, nearly all of which make it wrong: what a check lets pass shows where it is blind.

One change a mutant: another operator or constant, operands or arguments swapped, a keyword, a call or a statement
dropped, a condition turned round. Docstrings and the types of signatures are left alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

INSTEAD = (
    "Add Sub, Sub Add, Mult Div, Div Mult, MatMult Mult, Pow Mult, FloorDiv Mult, Mod FloorDiv, And Or, Or And, "
    "BitXor BitOr, BitOr BitAnd, BitAnd BitOr, Eq NotEq, NotEq Eq, Lt LtE, LtE Lt, Gt GtE, GtE Gt"
)
OPERATORS = {getattr(ast, one): getattr(ast, other) for one, other in map(str.split, INSTEAD.split(", "))}
FIXED = ("annotation", "returns", "decorator_list", "bases")


@dataclass(frozen=True)
class Mutant:
    """One change of one function, told as the changed statement before and after, and the whole file with it."""

    function: str
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    r"""Give every mutant of a module's functions and classes.

    >>> for mutant in mutants("def half(x):\n    return x / 2\n"):
    ...     print(mutant.change)
    return x / 2 -> return None
    return x / 2 -> return 2 / x
    return x / 2 -> return x * 2
    return x / 2 -> return x / 3
    """
    tree = ast.parse(source)
    _part_operators(tree)
    modules = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    modules |= {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    for place, definition in enumerate(tree.body):
        if isinstance(definition, (ast.FunctionDef, ast.ClassDef)):
            for index, node in enumerate(_nodes(definition)):
                for other in _others(node, modules):
                    changed = copy.deepcopy(tree)
                    target = _nodes(changed.body[place])[index]
                    statement = _statement(changed.body[place], target)
                    before = _line(statement)
                    target.__class__, target.__dict__ = other.__class__, copy.deepcopy(other.__dict__)
                    if _line(statement) != before:  # two equal arguments may change places
                        yield Mutant(definition.name, f"{before} -> {_line(statement)}", ast.unparse(changed))


def _part_operators(tree: ast.AST) -> None:
    """Give each place an operator of its own: the parser uses one object for all that are equal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            node.ops = [type(op)() for op in node.ops]
        elif isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.AugAssign)):
            setattr(node, "op", type(node.op)())  # noqa: B010 -- four types of operators


def _others(node: ast.AST, modules: set[str]) -> Iterator[ast.AST]:
    """Give what could stand in the place of a node."""
    if type(node) in OPERATORS:
        yield OPERATORS[type(node)]()
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.BinOp(left=left, op=ast.Sub() | ast.Div() | ast.MatMult() | ast.Pow() as op, right=right):
            yield ast.BinOp(right, op, left)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Return(value=value) if value is not None:
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Assign() | ast.AugAssign():
            yield ast.Pass()
        case ast.Attribute(value=value, attr="T" | "mT"):
            yield value
        case ast.Call(func=func, args=args, keywords=keywords):
            for at in range(len(args) - 1):
                yield ast.Call(func, [*args[:at], args[at + 1], args[at], *args[at + 2 :]], keywords)
            for at in range(len(keywords)):
                yield ast.Call(func, args, keywords[:at] + keywords[at + 1 :])
            if isinstance(func, ast.Attribute) and not (isinstance(func.value, ast.Name) and func.value.id in modules):
                yield func.value  # of a method the object alone, of a function its argument
            elif len(args) == 1:
                yield args[0]
        case _:
            pass


def _nodes(definition: ast.AST) -> list[ast.AST]:
    """Give all nodes that may be changed, in a fixed order."""
    found = [definition]
    for field, value in ast.iter_fields(definition):
        for child in value if isinstance(value, list) else [value]:
            if field not in FIXED and isinstance(child, ast.AST) and not _is_docstring(child):
                found += _nodes(child)
    return found


def _statement(definition: ast.stmt, target: ast.AST) -> ast.AST:
    """Give the innermost statement that holds a node."""
    holding = (node for node in _nodes(definition) if isinstance(node, ast.stmt) and target in _nodes(node))
    return min(holding, key=lambda node: len(_nodes(node)))


def _line(statement: ast.AST) -> str:
    return ast.unparse(statement).partition("\n")[0]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
