"""For mkdocstrings: signatures as they are meant. Shapes are quoted, and a named tuple shows its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from griffe import (
    Attribute,
    Class,
    Expr,
    ExprSubscript,
    ExprTuple,
    Extension,
    Function,
    Parameter,
    ParameterKind,
    Parameters,
)


class Signatures(Extension):
    """Mends what griffe reads otherwise."""

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """Quote the shapes of its arguments and its result."""
        for annotation in (*(parameter.annotation for parameter in func.parameters), func.returns):
            _quote_shapes(annotation)

    def on_attribute(self, *, attr: Attribute, **kwargs: Any) -> None:
        """Quote its shape, or those in a type's name."""
        _quote_shapes(attr.annotation)
        _quote_shapes(attr.value)

    def on_class(self, *, cls: Class, **kwargs: Any) -> None:
        """Give a named tuple the signature that its fields make."""
        if not any(str(base) == "NamedTuple" for base in cls.bases):
            return
        fields = [field for field in cls.attributes.values() if field.annotation and "property" not in field.labels]
        made = [
            Parameter(
                field.name,
                annotation=field.annotation,
                kind=ParameterKind.positional_or_keyword,
                default=field.value,
            )
            for field in fields
        ]
        cls.set_member("__init__", Function("__init__", parameters=Parameters(*made)))


def _quote_shapes(annotation: str | Expr | None) -> None:
    """`Int[Tensor, "N"]` is read as `Int[Tensor, N]`, wherever the shape could be a name; back, in place."""
    for each in _parts(annotation):
        if not (isinstance(each, ExprSubscript) and isinstance(each.slice, ExprTuple)):
            continue
        if each.canonical_path.startswith("jaxtyping."):
            array, shape = each.slice.elements
            each.slice.elements = [array, '"{}"'.format(str(shape).strip("\"'"))]


def _parts(expression: object) -> Iterator[Expr]:
    if isinstance(expression, Expr):
        yield expression
        for field in fields(expression):
            if field.name != "parent":  # leads out of the expression
                value = getattr(expression, field.name)
                for each in value if isinstance(value, list | tuple) else [value]:
                    yield from _parts(each)
