"""What a student reads: one sentence for each way to differ, and calls that do what they say when pasted."""

import ast
import code
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from checker.agreement import Aspect, Difference
from checker.draw import cases
from checker.law import Law
from checker.laws import RESULT
from checker.observation import Raised, identical, live, plain
from checker.spec import Check, collect
from checker.wording import pasteable, sentence, traceback_text

HEAD = "import torch\nfrom checker.spec import *\n"
LAW = Law("agrees", "gives the right answer", lambda answer: None, (), "f()")
OTHER = Law("any_size", "works for inputs of any size.", lambda answer: None, (), "f()")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Difference(Aspect.RAISED, (), "a number: 1", "ValueError: no"), "`f` raised ValueError: no."),
        (Difference(Aspect.RAISED, (), "a number: 1", "KeyError: 'w'."), "`f` raised KeyError: 'w'."),
        (
            Difference(Aspect.KIND, (), "a torch.Tensor: torch.tensor([1.0])", "a number: 1"),
            "`f` is a number, where a torch.Tensor is right.",
        ),
        (Difference(Aspect.KIND, (), "ValueError: no", "a number: 1"), "`f` is a number, where ValueError is right."),
        (
            Difference(Aspect.STRUCTURE, (), "2 items", "3 items: (1, 2, 3)"),
            "`f` has 3 items: (1, 2, 3), where 2 items are right.",
        ),
        (
            Difference(Aspect.SHAPE, (), "shape [2]", "shape [2, 1]"),
            "`f` has shape [2, 1], where shape [2] is right.",
        ),
        (
            Difference(Aspect.DTYPE, (0,), "torch.float64", "torch.float32"),
            "`f`, item 0 has dtype torch.float32, where torch.float64 is right.",
        ),
        (Difference(Aspect.DEVICE, ("w", 1), "cuda:0", "cpu"), "`f`, w, item 1 is on cpu, where cuda:0 is right."),
        (
            Difference(Aspect.FINITE, (RESULT,), "0.0", "inf", ""),
            "`f` is infinite or NaN where the right answer is a number.",
        ),
        (Difference(Aspect.VALUES, (), "1.0", "2.0"), "`f` is 2.0, not 1.0."),
        (Difference(Aspect.VALUES, (), "torch.tensor(1.0)", "torch.tensor(2.0)", ""),
         "`f` is torch.tensor(2.0), not torch.tensor(1.0)."),
        (Difference(Aspect.VALUES, (), "...", "...", "[0]: expected 1.0, got 2.0"), "`f` has wrong values."),
        (
            Difference(Aspect.TOLD, ("after the call", "argument x"), "as before", "another one"),
            "`f`, after the call, argument x is another one, not as before.",
        ),
    ],
)  # fmt: skip
def test_each_difference_is_one_sentence(found: Difference, text: str):
    assert sentence("f", LAW, found) == text


def test_a_law_other_than_agreement_says_what_it_demands():
    found = Difference(Aspect.VALUES, (), "1.0", "2.0")
    assert sentence("f", OTHER, found) == "`f` is 2.0, not 1.0. A right answer works for inputs of any size."


def test_a_predicates_finding_is_told_as_it_is():
    law = Law("positive", "is positive", LAW.trial, (), "f()", predicate=lambda result: None)
    found = Difference(Aspect.VALUES, (), "is positive", "3 of 4 draws are negative")
    assert sentence("f", law, found) == "`f`: 3 of 4 draws are negative. A right answer is positive."


def test_a_traceback_shows_line_function_and_source_outermost_first():
    lines = ((3, "f", "return g(x)"), (7, "g", "return x.nonsense"))
    assert traceback_text(Raised("AttributeError", "no nonsense", lines)) == (
        "  line 3, in f\n    return g(x)\n  line 7, in g\n    return x.nonsense\nAttributeError: no nonsense"
    )
    assert traceback_text(Raised("NotImplementedError", "")) == "NotImplementedError"


# Calls to paste


def declared(text: str) -> tuple[Check, dict[str, Any]]:
    checks, functions = collect(HEAD + text, "checks.py")
    return checks["f"], functions


def pasted(call: str, f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the code as a session would, and give the value of its last expression."""
    module = ModuleType("mine")
    module.f = f  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", module)
    *statements, last = ast.parse(call).body
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), "pasted", "exec"), names)
    return eval(compile(ast.Expression(last.value), "pasted", "eval"), names)


@pytest.mark.parametrize(
    ("text", "law", "f"),
    [
        ("check('f', x=tensor('N D'), a=array('N'), n=size('D'))", "agrees", lambda x, a, n: x.sum() + a.sum() + n),
        ("check('f', x=tensor('N D'), p=params({'w': 'D'}))", "any_layout", lambda x, p: (x @ p["w"], x.stride())),
        ("check('f', x=tensor('N D', requires_grad=None))", "keeps_dtype", lambda x: [x.dtype, x.requires_grad]),
        ("check('f', y=labels('N'), m=rows('N D'), b=boolean())", "any_size", lambda y, m, b: (y, m, b)),
        ("check('f', x=tensor('N'), least={'N': 0})", "any_size", lambda x: x.sum()),
        ("check('f', w=tensor('D'), x=tensor('D'), laws=[vmaps(x=0)])", "vmaps", torch.mul),
        ("check('f', x=tensor('N D'), laws=[shares_memory('x')])", "shares_memory", lambda x: x.mT),
        ("check('f', a=array('N'), laws=[owns_memory('a')])", "owns_memory", torch.tensor),
        (
            "def quadratic(x):\n    return (x * x).sum()\n\n"
            "def apply(answer, g, x):\n    built = answer.f(g)\n    return built(x)\n\n"
            "check('f', g=one_of(quadratic), x=tensor('N'), trial=apply)",
            "agrees",
            torch.func.grad,
        ),
        (
            "def twice(answer, x):\n    '''Gives the same again'''\n    return answer.f(x), answer.f(x)\n\n"
            "check('f', x=tensor('N'), laws=[seen_by(twice)])",
            "twice",
            torch.neg,
        ),
        (
            "import math\n\nHALF = 0.5\n\ndef half(x):\n    return math.floor(HALF * x)\n\n"
            "class Box:\n    def __init__(self, x):\n        self.x = x\n\n"
            "def put_in_a_box(answer, n):\n    '''Keeps half'''\n    box = Box(half(n))\n    return answer.f(box.x)\n\n"
            "check('f', n=integer(0, 9), laws=[seen_by(put_in_a_box)])",
            "put_in_a_box",
            lambda n: n,
        ),
        ("check('f')", "agrees", lambda: np.float32(3)),
    ],
)
def test_a_pasted_call_shows_what_the_trial_saw(
    text: str, law: str, f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    check, functions = declared(text)
    chosen = next(one for one in check.laws if one.name == law)
    answer = ModuleType("answer")
    answer.f = f  # type: ignore[attr-defined]
    for case in cases(check, chosen, 0, functions):
        seen = plain(chosen.trial(answer, *live(case, functions)))
        call = pasteable("mine", check, chosen, case, HEAD + text, ["f"])
        assert identical(plain(pasted(call, f, monkeypatch)), seen)


@pytest.mark.parametrize(
    ("text", "f"),
    [
        ("check('f', x=tensor('N D'), y=tensor('D'), laws=[differentiates('x', 'y')])", torch.mul),
        ("check('f', x=tensor('N'), laws=[stable('x')])", torch.sigmoid),
        ("check('f', p=params({'w': 'D', 'b': 'D'}), laws=[differentiates('p')])", lambda p: p["w"] * p["b"]),
        (
            "check('f', p=params({'w': 'D'}) | params({'w': 'D', 'v': ''}), laws=[differentiates('p')])",
            lambda p: p["w"] ** 2 * len(p),
        ),
    ],
)
def test_a_pasted_gradient_is_the_gradient_that_was_seen(
    text: str, f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    check, functions = declared(text)
    law = check.laws[-1]
    answer = ModuleType("answer")
    answer.f = f  # type: ignore[attr-defined]
    for case in cases(check, law, 0, functions):
        seen = {name: value for name, value in law.trial(answer, *live(case, functions)).items() if name != RESULT}
        grads = pasted(pasteable("mine", check, law, case, HEAD + text, ["f"]), f, monkeypatch)
        assert [grad.tolist() for grad in grads] == [grad.tolist() for grad in seen.values()]


def test_a_call_can_be_pasted_line_by_line(monkeypatch: pytest.MonkeyPatch):
    text = (
        "class Box:\n    def __init__(self, x):\n        self.x = x\n\n    def get(self):\n        return self.x\n\n"
        "def look(answer, n):\n    'Looks'\n    with torch.no_grad():\n        y = answer.f(n)\n"
        "    for _ in range(2):\n        y += Box(1).get()\n    return y\n\n"
        "check('f', n=integer(0, 9), laws=[seen_by(look)])"
    )
    check, _ = declared(text)
    module = ModuleType("mine")
    module.f = lambda n: 10 * n  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", module)
    console = code.InteractiveConsole()
    errors: list[str] = []
    monkeypatch.setattr(console, "write", errors.append)
    for line in pasteable("mine", check, check.laws[-1], (4,), HEAD + text, ["f"]).split("\n"):
        waits = console.push(line)
    assert (waits, errors, console.locals["y"]) == (False, [], 42)


def test_a_pasted_call_imports_what_it_needs_and_no_more():
    check, _ = declared("check('f', n=integer(0, 9))")
    assert pasteable("exercises.exercise1_tensors", check, check.laws[0], (3,), HEAD, ["f"]) == (
        "from exercises.exercise1_tensors import f\nn = 3\nf(n)"
    )
    check, functions = declared("check('f', a=array('N'))")
    (case, *_) = cases(check, check.laws[0], 0, functions)
    assert pasteable("mine", check, check.laws[0], case, HEAD, ["f"]).startswith(
        "import numpy as np\nfrom mine import f\na = np.array("
    )
