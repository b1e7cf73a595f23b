"""What is off limits stays where it is, and who may have it gets it."""

import dis
import subprocess
import sys
from types import CodeType

import pytest

from checker import untouched, vault

PROGRAM = """
import sys, gc, traceback
import torch
from checker import off_limits
names, checks = {}, "def allowed(f, x):\\n    from xorfunc import transforms\\n    return transforms.hvp(f, x, x)"
exec(compile(checks, "checks.py", "exec"), names)
asked_for = ["xorfunc.transforms.hvp", "xorfunc.transforms.value_and_grad", "torch.autograd.grad"]
undo = off_limits.forbid(asked_for, trusted=names)
from xorfunc import transforms
f, x = (lambda x: (x**4).sum()), torch.ones(2)
def outcome(call):
    try:
        return str(call())
    except Exception as error:
        return type(error).__name__
"""


def outcome(call: str, before: str = "") -> str:
    """Give what a call gives in a process of its own where some names are off limits."""
    program = f"{PROGRAM}\n{before}\nprint(outcome(lambda: {call}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        ("transforms.hvp(f, x, x)", "", "OffLimits"),
        ("names['allowed'](f, x)", "", "tensor([12., 12.])"),
        ("torch.func.grad(f)(x)", "", "tensor([4., 4.])"),
        ("torch.autograd.grad(f(x.requires_grad_()), x)", "", "OffLimits"),
        ("transforms.value_and_grad(f)", "from xorfunc import train", "OffLimits"),
        # A part of the library that comes later uses what is off limits as ever.
        (
            "train.train_step(lambda p, x, y: ((p['w'] * x).sum() - y.sum()) ** 2, {'w': x}, x, x, 0.5)[0]['w']",
            "from xorfunc import train",
            "tensor([1., 1.])",
        ),
        ("gc.get_objects()", "", "PermissionError"),
        ("open(transforms.__file__)", "", "PermissionError"),
        ("open(__import__('os').path.relpath(transforms.__file__))", "", "PermissionError"),
        ("open(__import__('xorfunc.random').random.__file__).read(3)", "", '"""'),
        ("transforms.hvp(f, x, x)", "undo()", "tensor([12., 12.])"),
        ("gc.get_objects() and 1", "undo()", "1"),
    ],
)
def test_what_is_off_limits_is_handed_to_who_may_have_it(call: str, before: str, expected: str):
    assert outcome(call, before) == expected


def looked_up(code: CodeType) -> set[str]:
    found = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(looked_up(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


@pytest.mark.parametrize("made", [vault._hooks, untouched._hook, vault._while])
def test_a_hook_looks_nothing_up_where_it_could_be_replaced(made):
    hooks = [inner for inner in made.__code__.co_consts if isinstance(inner, CodeType) and inner.co_name[0] != "<"]
    assert hooks
    assert set().union(*map(looked_up, hooks)) == set()
