"""A student's file as a module: executed under its own name, and described for the judge."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from checker.job import Loaded


def execute(source: str, path: str) -> ModuleType:
    """Execute a file's text as a module named after the file.

    Raises:
        BaseException: whatever the file raises, `SyntaxError` and `SystemExit` included.
    """
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    code = compile(source, path, "exec", dont_inherit=True)
    stem = Path(path).stem
    name = f"student_{stem}" if stem in sys.modules else stem  # json.py must not take the place of json
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    exec(code, vars(module))
    return module


def describe(module: ModuleType, source: str, function: str) -> Loaded:
    """Say what stands under the function's name, or what the file defines instead."""
    if function not in vars(module):
        return Loaded(None, _own_names(module, source))
    value = getattr(module, function)
    return Loaded(None, (), _parameters(value), _kind(value))


def _own_names(module: ModuleType, source: str) -> tuple[str, ...]:
    public = (name for name in vars(module) if not name.startswith("_"))
    imported = _imported(source)
    return tuple(name for name in public if name not in imported)


def _imported(source: str) -> set[str]:
    imports = (node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}


def _parameters(value: Any) -> tuple[tuple[str, str, bool], ...] | None:
    try:
        parameters = inspect.signature(value).parameters.values()
        return tuple((each.name, each.kind.name, each.default is not each.empty) for each in parameters)
    except (ValueError, TypeError):  # many functions written in C have none
        return None


def _kind(value: Any) -> str:
    if inspect.isclass(value):
        return "class"
    if inspect.isroutine(value):
        return "function"
    return "callable" if callable(value) else type(value).__qualname__
