"""The package as a whole: cheap to import, and every example seen by pytest."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest
import torch

import xorfunc
from tests.xorfunc.problems import network_loss, solved_xor
from xorfunc.transforms import value_and_grad

MODULES = sorted(info.name for info in pkgutil.iter_modules(xorfunc.__path__, "xorfunc."))


def run(program):
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_the_package_imports_nothing_else():
    run("import sys, xorfunc; assert not {'torch', 'numpy', 'jaxtyping'} & sys.modules.keys()")


def test_importing_its_modules_imports_no_library_that_only_some_need():
    imports = f"import {', '.join(MODULES)}, sys; "
    run(
        imports + "assert not {'matplotlib', 'safetensors', 'tqdm.auto', 'hypothesis', 'beartype'} & sys.modules.keys()"
    )


@pytest.mark.parametrize("name", MODULES)
def test_checking_annotations_hides_no_example_from_pytest(name):
    module = importlib.import_module(name)
    found = {test.name for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples}
    written = {
        f"{name}.{attribute}"
        for attribute, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == name and ">>>" in (value.__doc__ or "")
    }
    assert written <= found


def test_annotations_are_checked_while_testing():
    with pytest.raises(TypeError, match="Type-check error"):
        value_and_grad("not a function")


def test_a_step_compiles_whole_when_annotations_are_not_checked(no_shape_checks):
    x, y = torch.rand(4, 2), torch.tensor([0, 1, 1, 0])
    step = value_and_grad(network_loss)
    torch._dynamo.reset()
    loss, grads = torch.compile(step, backend="eager", fullgraph=True)(solved_xor(), x, y)
    torch.testing.assert_close((loss, grads), step(solved_xor(), x, y))
