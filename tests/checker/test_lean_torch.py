"""Gradients come without the compiler, and the compiler comes when it is wanted; each in a fresh interpreter."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

LEAN = "from checker.lean_torch import postpone_compiler\npostpone_compiler()\n"
GRADIENTS = """
import torch
from torch.func import functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap

def loss(w, x):
    return torch.nn.functional.softplus((w * x).sum()) + (w**3).sum()

w, x = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([[0.5, 1.5, -1.0], [2.0, 0.0, 1.0]])
model = torch.nn.Linear(3, 1)
torch.nn.init.constant_(model.weight, 0.25)
torch.nn.init.constant_(model.bias, 0.5)

def of_model(params):
    return functional_call(model, params, (x,), strict=True).square().sum()

def of_layers(w, x):
    hidden = torch.tanh(x @ torch.outer(w, w))
    return torch.nn.functional.binary_cross_entropy_with_logits(hidden @ w, torch.sigmoid(x).mean(1))

leaf = w.clone().requires_grad_()
loss(leaf, x[0]).backward()
params = {name: value.detach() for name, value in model.named_parameters()}
value, pull = vjp(loss, w, x[0])
values = [
    grad(loss)(w, x[0]),
    *grad_and_value(loss)(w, x[0]),
    vmap(grad(loss), in_dims=(None, 0))(w, x),
    jacrev(lambda w: w * x)(w),
    grad(lambda w: (grad(loss)(w, x[0]) * x[1]).sum())(w),
    value,
    *pull(torch.ones(())),
    *grad(of_model)(params).values(),
    leaf.grad,
    *torch.autograd.grad(loss(leaf, x[1]), leaf),
    *jvp(lambda w: loss(w, x[0]), (w,), (x[1],)),
    *jvp(grad(loss), (w, x[0]), (x[1], x[0])),
    jacfwd(loss)(w, x[0]),
    jacfwd(jacfwd(loss))(w, x[0]),
    hessian(loss)(w, x[0]),
    vmap(lambda v: jvp(grad(lambda w: of_layers(w, x)), (w,), (v,))[1])(torch.eye(3)),
]
"""
WITH_REAL_MODULES = """
import sympy  # where it is lean, a name for the stand-in, also when sympy itself has come
z = sympy.Symbol("z")
assert isinstance(z, sympy.Basic)
values.append(torch.tensor(float(sympy.diff(z**3, z).subs(z, 2))))
values.append(torch.utils.checkpoint.checkpoint(loss, leaf, x[0], use_reentrant=False).detach())
"""
COMPILED = """
@torch.compile(backend="eager")
def compiled(w, x):
    return grad(loss)(w, x) * 2

values += [compiled(w, x[0]), torch.compile(loss, backend="eager", fullgraph=True)(w, x[1])]
"""
WATCH_EXECUTION = """
import collections, importlib.machinery
executed, execute = collections.Counter(), importlib.machinery.SourceFileLoader.exec_module
def exec_module(self, module):
    executed[module.__name__] += 1
    execute(self, module)
importlib.machinery.SourceFileLoader.exec_module = exec_module
"""
REPORT = """
import json, sys
stand_ins = [name for name, module in sys.modules.items() if type(module).__name__ == "StandIn"]
print(json.dumps({
    "values": [value.tolist() for value in values],
    "stand_ins": stand_ins,
    "modules": [name for name in sys.modules if name not in stand_ins],
    "executed_twice": [name for name, times in globals().get("executed", {}).items() if times > 1],
}))
"""


def run(*parts: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n".join([*parts, REPORT])],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """What torch does by itself."""
    return run(WATCH_EXECUTION, GRADIENTS, WITH_REAL_MODULES)


def test_gradients_import_neither_the_compiler_nor_sympy_and_are_what_they_were(plain: dict[str, Any]):
    lean = run(LEAN, GRADIENTS)
    assert sorted(lean["stand_ins"]) == ["sympy", "torch._dynamo", "torch.fx.experimental.symbolic_shapes"]
    compiler = [name for name in lean["modules"] if name.split(".")[0] == "sympy" or name.startswith("torch._dynamo")]
    assert compiler == []
    assert lean["values"] == plain["values"][: len(lean["values"])]
    assert any(name == "sympy" for name in plain["modules"])  # else there is nothing to postpone any more


def test_who_asks_whether_a_module_is_installed_is_told_so_and_gets_the_module():
    asked = "from importlib.util import find_spec\nassert find_spec('sympy') is not None\nfrom sympy import Symbol"
    assert "sympy" not in run(LEAN, "import torch\nvalues = []", asked)["stand_ins"]


@pytest.mark.slow
def test_what_needs_the_real_modules_gets_them_and_gives_what_it_gave(plain: dict[str, Any]):
    lean = run(WATCH_EXECUTION, LEAN, GRADIENTS, WITH_REAL_MODULES)
    assert lean["values"] == plain["values"]
    assert lean["executed_twice"] == plain["executed_twice"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", ["", "import torch._dynamo.config, torch._dynamo.exc"], ids=["plainly", "by a submodule"]
)
def test_compiling_works_as_ever_and_no_module_is_executed_twice(plain: dict[str, Any], first: str):
    lean = run(WATCH_EXECUTION, LEAN, first, GRADIENTS, COMPILED)
    count = len(lean["values"]) - 2
    assert lean["values"][:count] == plain["values"][:count]
    assert lean["values"][count] == [2 * entry for entry in plain["values"][0]]
    assert lean["executed_twice"] == plain["executed_twice"]
    assert "torch._dynamo" not in lean["stand_ins"]
    assert "torch._dynamo.eval_frame" in lean["modules"]


@pytest.mark.slow
def test_where_the_compiler_is_there_already_nothing_is_replaced(plain: dict[str, Any]):
    late = run("import torch, torch._dynamo, torch.fx.experimental.symbolic_shapes", LEAN, LEAN, GRADIENTS)
    assert late["stand_ins"] == []
    assert late["values"] == plain["values"][: len(late["values"])]
