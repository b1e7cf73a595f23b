"""What is off limits stays where it is, and who may have it gets it."""

import dis
import pkgutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from types import CodeType

import pytest

import xorfunc
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


def outcomes(calls: Iterable[str], before: str) -> list[str]:
    """Give what calls give, one after the other, in a process of its own where some names are off limits."""
    program = "\n".join([PROGRAM, before, *(f"print(outcome(lambda: {call}))" for call in calls)])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "",
            {
                "transforms.hvp(f, x, x)": "OffLimits",
                "names['allowed'](f, x)": "tensor([12., 12.])",
                "torch.func.grad(f)(x)": "tensor([4., 4.])",
                "torch.autograd.grad(f(x.requires_grad_()), x)": "OffLimits",
                "gc.get_objects()": "PermissionError",
                "open(transforms.__file__)": "PermissionError",
                "open(__import__('os').path.relpath(transforms.__file__))": "PermissionError",
                "open(__import__('xorfunc.random').random.__file__).read(3)": '"""',
            },
        ),
        (
            "from xorfunc import train",
            {
                "transforms.value_and_grad(f)": "OffLimits",
                # A part of the library that comes later uses what is off limits as ever.
                "train.train_step("
                "lambda p, x, y: ((p['w'] * x).sum() - y.sum()) ** 2, {'w': x}, x, x, 0.5)[0]['w']": "tensor([1., 1.])",
            },
        ),
        ("undo()", {"transforms.hvp(f, x, x)": "tensor([12., 12.])", "gc.get_objects() and 1": "1"}),
    ],
)
def test_what_is_off_limits_is_handed_to_who_may_have_it(before: str, expected: dict[str, str]):
    assert dict(zip(expected, outcomes(expected, before), strict=True)) == expected


def looked_up(code: CodeType) -> set[str]:
    found = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(looked_up(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


@pytest.mark.parametrize("made", [vault._hooks, untouched._hook, vault._while])
def test_a_hook_looks_nothing_up_where_it_could_be_replaced(made):
    hooks = [inner for inner in made.__code__.co_consts if isinstance(inner, CodeType) and inner.co_name[0] != "<"]
    assert hooks
    assert set().union(*map(looked_up, hooks)) == set()


def test_all_of_the_library_that_is_imported_is_found_within_it():
    for module in pkgutil.walk_packages(xorfunc.__path__, "xorfunc."):
        import_module(module.name)
    imported = {name for name in sys.modules if name.partition(".")[0] == vault.LIBRARY}
    assert {module.__name__ for module in vault._within(xorfunc)} == imported
