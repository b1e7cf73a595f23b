"""What a student reads: differences as sentences, calls as Python to paste, tracebacks of the student's own lines."""

from __future__ import annotations

import ast
from collections.abc import Collection

from checker.agreement import Aspect, Difference
from checker.draw import Case
from checker.excerpt import excerpt, free_names
from checker.law import Law
from checker.laws import RESULT
from checker.literal import literal
from checker.observation import Raised
from checker.sandbox import Lost
from checker.spec import Check


def sentence(function: str, law: Law, found: Difference) -> str:
    """Say what is wrong, in the one sentence that a student reads first."""
    path = found.path[1:] if found.path[:1] == (RESULT,) else found.path
    thing = ", ".join([f"`{function}`", *(f"item {part}" if isinstance(part, int) else part for part in path)])
    match found.aspect:
        case Aspect.RAISED:
            text = f"{thing} raised {found.got}"
        case Aspect.KIND:
            text = f"{thing} is {_kind(found.got)}, where {_kind(found.expected)} is right"
        case Aspect.STRUCTURE:
            text = f"{thing} has {found.got}, where {found.expected} are right"
        case Aspect.SHAPE:
            text = f"{thing} has {found.got}, where {found.expected} is right"
        case Aspect.DTYPE:
            text = f"{thing} has dtype {found.got}, where {found.expected} is right"
        case Aspect.DEVICE:
            text = f"{thing} is on {found.got}, where {found.expected} is right"
        case Aspect.FINITE:
            text = f"{thing} is infinite or NaN where the right answer is a number"
        case Aspect.TOLD:
            text = f"{thing} is {found.got}, not {found.expected}"
        case Aspect.VALUES if law.predicate is not None:
            text = f"{thing}: {found.got}"
        case Aspect.VALUES:
            text = f"{thing} has wrong values" if found.where else f"{thing} is {found.got}, not {found.expected}"
    if law.name != "agrees":
        text += f". A right answer {law.demand}"
    return text.rstrip(".") + "."


def _kind(told: str) -> str:
    return told.partition(":")[0]


def pasteable(module: str, check: Check, law: Law, case: Case, checks: str, exercise: Collection[str]) -> str:
    """Give the call of a case as Python that can be pasted into a session started in the course folder.

    Args:
        module: the student's, as an import names it.
        check: of which function.
        law: whose trial makes the call.
        case: the inputs.
        checks: the text of `checks.py`, of which the call may need functions.
        exercise: the names that a student's file defines.
    """
    assignments = [f"{name} = {literal(tree)}" for name, tree in zip(check.inputs, case, strict=True)]
    code = "\n".join([*assignments, law.code])
    free = free_names(code)
    own = [check.name, *sorted((free & set(exercise)) - {check.name})]
    imports, definitions = excerpt(checks, code, given=set(own))
    for name, line in (("torch", "import torch"), ("np", "import numpy as np")):
        if name in free and line not in imports:
            imports.insert(0, line)
    return _for_a_session("\n".join([*imports, f"from {module} import {', '.join(own)}", *definitions, code]))


def _for_a_session(code: str) -> str:
    """Give code as an interactive session takes it: a blank line ends each block, and none stands within."""
    lines = code.split("\n")
    pieces: list[str] = []
    for node in ast.parse(code).body:
        first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
        pieces += [line for line in lines[first - 1 : node.end_lineno] if line.strip()]
        pieces += [""] if hasattr(node, "body") else []
    return "\n".join(pieces)


def patience(lost: Lost) -> str:
    """Say how to wait longer, where time ran out."""
    return "; --timeout SECONDS gives it more time" if lost.status == "timeout" else ""


def traceback_text(raised: Raised) -> str:
    """Give the student's own lines of a traceback, the outermost first, and the exception."""
    lines = [f"  line {number}, in {function}\n    {source}" for number, function, source in raised.lines]
    return "\n".join([*lines, f"{raised.type}: {raised.message}" if raised.message else raised.type])
