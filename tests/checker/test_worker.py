"""What a worker finds in a student's file, and what it says of a call; the same for workers of both kinds."""

from pathlib import Path

import pytest
import torch

from checker.observation import Array, Named, Raised, identical
from checker.sandbox import Job, Loaded, Workers
from tests.checker.jobs import CHECKS, RIGHT, ask, job, load, workers

__all__ = ["workers"]

X = Array(torch.tensor([1.0, -2.5]))


def loaded(workers: Workers, what: Job) -> Loaded:
    with load(workers, what) as worker:
        return worker.loaded


def problem(workers: Workers, what: Job) -> Raised:
    found = loaded(workers, what).problem
    assert found is not None
    return found


def answer(workers: Workers, source: str, *inputs: object, **changes: object) -> object:
    with load(workers, job(source, **changes)) as worker:
        assert worker.loaded.problem is None
        return ask(worker, *(inputs or (X,)))


# What is in the file


NAMES = "import math\nfrom torch import Tensor as T\nLIMIT = 3\n_hidden = 4\ndef helper(): pass\n"


def test_a_file_without_the_function_is_described_by_its_own_names(workers: Workers):
    assert loaded(workers, job(NAMES)) == Loaded(None, ("LIMIT", "helper"))


def test_a_file_with_the_function_is_described_by_its_parameters(workers: Workers):
    assert loaded(workers, job(f"{NAMES}def double(x, /, y, *more, z=1, **rest): pass\n")) == Loaded(
        None,
        (),
        (
            ("x", "POSITIONAL_ONLY", False),
            ("y", "POSITIONAL_OR_KEYWORD", False),
            ("more", "VAR_POSITIONAL", False),
            ("z", "KEYWORD_ONLY", True),
            ("rest", "VAR_KEYWORD", False),
        ),
        "function",
    )


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def double(x): pass", "function"),
        ("double = lambda x: 2 * x", "function"),
        ("import torch\ndouble = torch.vmap(lambda x: 2 * x)", "function"),
        ("import torch\ndouble = torch.neg", "function"),
        ("class double: pass", "class"),
        ("import functools\ndouble = functools.partial(print)", "callable"),
        ("double = 2.0", "float"),
        ("double = None", "NoneType"),
        ("Double = 2", "missing"),
        ("", "missing"),
    ],
)
def test_the_kind_of_what_stands_under_the_name_is_told(workers: Workers, source: str, kind: str):
    assert loaded(workers, job(source)).kind == kind


def test_a_class_is_described_by_the_parameters_of_its_constructor(workers: Workers):
    source = "class double:\n    def __init__(self, x, std=0.1): pass\n"
    expected = (("x", "POSITIONAL_OR_KEYWORD", False), ("std", "POSITIONAL_OR_KEYWORD", True))
    assert loaded(workers, job(source)).parameters == expected


def test_a_function_whose_parameters_nobody_knows_is_no_problem(workers: Workers):
    assert loaded(workers, job("import torch\ndouble = torch.neg")).parameters is None


# Importing it


def test_a_syntax_error_keeps_its_line_column_and_text(workers: Workers):
    found = problem(workers, job("x = 1\ndef double(x):\n    return 2 * (x\n"))
    message = "'(' was never closed (line 3, column 16)\n    return 2 * (x\n               ^"
    assert found == Raised("SyntaxError", message, ((3, "<module>", "return 2 * (x"),))


@pytest.mark.parametrize(
    "source", ["if True:\nx = 1\n", "\0", "x = " + "(" * 1000 + ")" * 1000, "x = '\ud800'", "\tif 1:\n  x"]
)
def test_whatever_does_not_compile_is_a_problem_of_the_file(workers: Workers, source: str):
    assert problem(workers, job(source)).type in (
        "IndentationError", "SyntaxError", "ValueError", "MemoryError", "RecursionError", "UnicodeEncodeError",
    )  # fmt: skip


def test_an_exception_on_import_keeps_the_students_own_lines(workers: Workers):
    source = (
        "import torch\ndef f():\n    return torch.vmap(g)(torch.ones(2))\ndef g(x):\n    raise ValueError('no')\nf()\n"
    )
    assert problem(workers, job(source)) == Raised(
        "ValueError",
        "no",
        (
            (6, "<module>", "f()"),
            (3, "f", "return torch.vmap(g)(torch.ones(2))"),
            (5, "g", "raise ValueError('no')"),
        ),
        innermost_is_own=True,
    )


def test_a_file_can_import_its_neighbours(workers: Workers, tmp_path: Path):
    for factor in (2, 3):  # the second time, another text stands there
        (tmp_path / "neighbour.py").write_text(f"FACTOR = {factor}\n")
        source = "from neighbour import FACTOR\ndef double(x):\n    return FACTOR * x\n"
        seen = answer(workers, source, folder=str(tmp_path), path=str(tmp_path / "mine.py"))
        assert identical(seen, Array(factor * X.data))
        (tmp_path / "neighbour.py").unlink()
        for cached in (tmp_path / "__pycache__").glob("*"):
            cached.unlink()


def test_a_file_may_be_called_like_a_module(workers: Workers):
    source = "import json\nassert json.dumps\nassert __name__ == 'student_json'\n" + RIGHT
    assert identical(answer(workers, source, path="json.py"), Array(2 * X.data))


def test_a_file_is_a_module_that_others_can_find(workers: Workers):
    source = (
        "import dataclasses, pickle, sys\n"
        "@dataclasses.dataclass\nclass Pair:\n    first: 'int'\n"
        "assert pickle.loads(pickle.dumps(Pair(1))) == Pair(1)\n"
        "assert sys.modules[__name__].Pair is Pair\n"
    ) + RIGHT
    assert loaded(workers, job(source)).problem is None


def test_future_features_of_the_checker_are_not_the_students(workers: Workers):
    source = "def double(x: 1 + 1): pass\nassert double.__annotations__ == {'x': 2}\n"
    assert loaded(workers, job(source)).problem is None


# Calling it


def test_a_call_gives_what_the_trial_of_the_law_saw(workers: Workers):
    with load(workers, job()) as worker:
        assert identical(ask(worker, X), Array(2 * X.data))
        twice = ask(worker, X, law="twice")
        assert identical(twice, (Array(2 * X.data), Array(2 * X.data)))


def test_each_call_gets_inputs_of_its_own(workers: Workers):
    source = "def double(x):\n    return x.mul_(2)\n"
    with load(workers, job(source)) as worker:
        assert [ask(worker, X).data.tolist() for _ in range(3)] == [[2, -5]] * 3


def test_functions_are_found_in_the_checks_by_name(workers: Workers):
    checks = CHECKS + "\ndef quadratic(x):\n    return (x * x).sum()\n"
    source = "import torch\ndef double(f):\n    return torch.func.grad(f)(torch.ones(2))\n"
    seen = answer(workers, source, Named("function", "quadratic"), checks=checks)
    assert identical(seen, Array(torch.full((2,), 2.0)))


def test_each_call_starts_from_the_same_settings(workers: Workers):
    source = (
        "import torch\n"
        "def double(x):\n"
        "    seen = str(torch.get_default_dtype()), torch.is_grad_enabled(), torch.rand(1).item()\n"
        "    torch.set_default_dtype(torch.float64)\n"
        "    torch.set_grad_enabled(False)\n"
        "    return seen\n"
    )
    with load(workers, job(source)) as worker:
        first, second = ask(worker, X), ask(worker, X)
    assert first == second
    assert first[:2] == ("torch.float32", True)


def test_an_exception_shows_the_students_lines_and_no_others(workers: Workers):
    source = (
        "import torch\n"
        "def inner(x):\n"
        "    return x @ torch.ones(3)   # three\n"
        "def double(x):\n"
        "    return torch.vmap(inner)(x[None])\n"
    )
    seen = answer(workers, source)
    assert isinstance(seen, Raised)
    assert seen.type == "RuntimeError"
    assert seen.lines == (
        (5, "double", "return torch.vmap(inner)(x[None])"),
        (3, "inner", "return x @ torch.ones(3)   # three"),
    )


def test_of_an_endless_recursion_only_first_and_last_lines_are_kept(workers: Workers):
    source = "def double(x):\n    return other(x)\ndef other(x):\n    return other([x])\n"
    seen = answer(workers, source)
    assert isinstance(seen, Raised)
    assert seen.type == "RecursionError"
    assert seen.lines == ((2, "double", "return other(x)"), *[(4, "other", "return other([x])")] * 4)


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("raise NotImplementedError", True),
        ("raise NotImplementedError('to do')", True),
        ("helper()", True),
        ("assert False", True),
        ("torch.ones(1).to_sparse() @ torch.ones(1, dtype=torch.int8).to_sparse()", False),
        ("torch.autograd.Function.forward(None)", False),
        ("1 / 0", False),
        ("unknown", False),
    ],
)
def test_it_is_told_whether_the_student_raised_the_exception(workers: Workers, body: str, own: bool):
    source = f"import torch\ndef helper():\n    raise NotImplementedError\ndef double(x):\n    {body}\n"
    seen = answer(workers, source)
    assert isinstance(seen, Raised)
    assert seen.innermost_is_own is own


def test_warnings_do_not_matter(workers: Workers):
    source = "import warnings\nwarnings.warn('old')\n" + RIGHT + "    '\\d'\n"
    with load(workers, job(source)) as worker:
        assert identical(ask(worker, X), Array(2 * X.data))
        assert worker.printed == ""


def test_prints_are_told_apart_by_job_and_kept_in_order(workers: Workers):
    source = (
        "import sys\nprint('imported')\n"
        "def double(x):\n    print('out')\n    print('error', file=sys.stderr)\n    print('end', end='')\n"
    )
    for _ in range(2):
        with load(workers, job(source)) as worker:
            assert worker.printed == "imported\n"
            ask(worker, X)
            assert worker.printed == "imported\nout\nerror\nend"
        assert worker.printed == "imported\nout\nerror\nend"


def test_bytes_that_are_no_text_can_be_printed(workers: Workers):
    source = "import os\nos.write(1, b'a\\xff')\nprint('\\ud800 \\u20ac')\n"
    with load(workers, job(source)) as worker:
        assert worker.printed == "a\N{REPLACEMENT CHARACTER}\\ud800 \N{EURO SIGN}\n"


# Off limits

FORBIDDEN = ("xorfunc.transforms.hvp", "torch.Tensor.backward", "torch.autograd.grad", "torch.nn.Linear")


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("xorfunc.transforms.hvp", "xorfunc.transforms.hvp(lambda x: (x * x).sum(), x, x)"),
        ("xorfunc.transforms.hvp", "hvp(lambda x: (x * x).sum(), x, x)"),
        ("xorfunc.transforms.hvp", "torch.vmap(hvp, in_dims=(None, 0, 0))(lambda x: x * x, x, x)"),
        ("torch.Tensor.backward", "x.requires_grad_().sum().backward()"),
        ("torch.autograd.grad", "torch.autograd.grad(x.requires_grad_().sum(), x)"),
        ("torch.autograd.grad", "next(map(torch.autograd.grad, [x]))"),
        ("torch.nn.Linear", "torch.nn.Linear(2, 2)"),
        ("torch.nn.Linear", "torch.nn.modules.linear.Linear(2, 2)"),
    ],
)
def test_what_is_off_limits_raises_when_the_student_calls_it(workers: Workers, name: str, use: str):
    source = f"import torch, xorfunc.transforms\nfrom xorfunc.transforms import hvp\ndef double(x):\n    return {use}\n"
    allowed = answer(workers, source)
    assert not isinstance(allowed, Raised) or allowed.type != "OffLimits"
    seen = answer(workers, source, off_limits=FORBIDDEN)
    assert isinstance(seen, Raised)
    assert seen.type == "OffLimits"
    assert seen.message == f"`{name}` is off limits here: this is what the exercise asks you to write"


def test_torch_and_the_checks_may_still_call_what_is_off_limits(workers: Workers):
    checks = CHECKS + "\nimport torch\ndef slope(x):\n    return torch.autograd.grad((x * x).sum(), x)[0]\n"
    source = (
        "import torch\n"
        "def double(f):\n"
        "    x = torch.ones(2, requires_grad=True)\n"
        "    return f(x), torch.func.grad(torch.sin)(x[0])\n"
    )
    seen = answer(workers, source, Named("function", "slope"), checks=checks, off_limits=("torch.autograd.grad",))
    assert identical(seen, (Array(torch.full((2,), 2.0)), Array(torch.tensor(1.0).cos(), requires_grad=True)))


def test_a_name_that_is_off_limits_but_nowhere_is_the_checkers_own_fault(workers: Workers):
    from checker.sandbox import Lost

    with pytest.raises(Lost, match="checker's own part"):
        load(workers, job(off_limits=("torch.no_such_function",)))
