"""For mkdocstrings: the examples of docstrings as code, as they stand, instead of as quotations of quotations."""

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"(?m)^(?P<indent> *)>>> .*(?:\n(?!\s*$).*)*")


class Examples(Extension):
    """Fences each paragraph that begins with `>>>`."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Change the docstring, before it is parsed."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(_fenced, obj.docstring.value)


def _fenced(found: re.Match[str]) -> str:
    indent = found["indent"]
    text = found[0].replace("<BLANKLINE>", "")
    return f"{indent}```pycon\n{text}\n{indent}```"
