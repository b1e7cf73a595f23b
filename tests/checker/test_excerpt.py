"""What a call needs of `checks.py` is cut out of it: all of that, and nothing else."""

import pytest

from checker.excerpt import excerpt, free_names

SOURCE = '''"""What is checked."""

import math
from collections import Counter, deque

import numpy as np

from checker.spec import check

HALF: float = 0.5
A, B = 1, 2


def half(x):
    return HALF * x


def quarter(x):
    """Twice."""
    return half(half(x))


@staticmethod
def decorated(x):
    return deque([x])


class Box:
    size = math.pi


check("f")
'''


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("f(x)", {"f", "x"}),
        ("x = 1\nf(x)", {"f"}),
        ("y = [g(each) for each in xs]", {"g", "xs"}),
        ("def inner(a, b):\n    return a + c\ninner(1, 2)", {"c"}),
        ("with a as b:\n    b", {"a"}),
        ("try:\n    f()\nexcept ValueError as error:\n    print(error)", {"f"}),
        ("import torch\ntorch.zeros(1)", set[str]()),
        ("len(str(1))", set[str]()),
    ],
)
def test_names_are_free_where_the_code_does_not_define_them(code: str, names: set[str]):
    assert free_names(code) == names


def test_definitions_come_with_what_they_need_in_the_order_of_the_file():
    imports, definitions = excerpt(SOURCE, "quarter(3)", given=set())
    assert imports == []
    assert definitions == [
        "HALF: float = 0.5",
        "def half(x):\n    return HALF * x",
        'def quarter(x):\n    """Twice."""\n    return half(half(x))',
    ]


def test_an_import_is_cut_down_to_what_is_used():
    imports, definitions = excerpt(SOURCE, "decorated(Box.size + np.pi)", given=set())
    assert imports == ["import math", "from collections import deque", "import numpy as np"]
    assert definitions == [
        "@staticmethod\ndef decorated(x):\n    return deque([x])",
        "class Box:\n    size = math.pi",
    ]


def test_what_comes_from_elsewhere_is_left_out():
    assert excerpt(SOURCE, "half(A)", given={"half"}) == ([], ["A, B = 1, 2"])
    assert excerpt(SOURCE, "unknown(1)", given=set()) == ([], [])
