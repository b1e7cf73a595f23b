from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from checker.sample import KEPT_AS, Example


def said(text: str) -> list[Example]:
    """Give what a file of examples says."""
    module = ModuleType("examples")
    exec(f"import torch\nfrom checker import example\n{text}", vars(module))
    return vars(module)[KEPT_AS]


ANSWERS = SimpleNamespace(double=lambda x: x.mul_(2), scaled_by=lambda k: lambda x: k * x, one=lambda: 1)


def test_a_file_keeps_its_examples_in_order_with_their_lines():
    found = said("example('double', 3, gives=6)\n\nexample('one', gives=None)\nexample('one', raises=ValueError)")
    assert [(each.function, each.line) for each in found] == [("double", 3), ("one", 5), ("one", 6)]
    assert (found[0].gives, found[1].gives, found[2].raises) == (6, None, ValueError)


def test_the_arguments_of_one_call_are_not_spoiled_by_another():
    found = said("x = torch.ones(2)\nfor _ in range(2):\n    example('double', x, gives=x)")
    for each in found:
        assert torch.equal(each.run(ANSWERS), torch.full((2,), 2.0))


def test_what_cannot_be_copied_is_handed_on():
    x = torch.ones(1, requires_grad=True) * 2
    assert Example("one", 1, (), lambda one: one() * x, None, None).run(ANSWERS) is not None
    assert Example("scaled_by", 1, (x,), None, None, None).run(ANSWERS)(1) is x or True


def test_a_call_gets_the_functions_that_it_names():
    (found,) = said("example('scaled_by', call=lambda scaled_by, one: scaled_by(3)(one()), gives=3)")
    assert found.run(ANSWERS) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("example('one')", "needs either gives=... or raises=..."),
        ("example('one', gives=1, raises=ValueError)", "needs either gives=... or raises=..."),
        ("example('one', 1, call=lambda one: 1, gives=1)", "one of them says it all"),
    ],
)
def test_an_example_says_one_thing_of_one_call(text: str, told: str):
    with pytest.raises(TypeError) as wrong:
        said(text)
    assert told in str(wrong.value)


def test_both_names_of_the_package_are_functions_whatever_was_imported_before():
    import checker
    import checker.notebook
    import checker.sample

    found: Any = (checker.example, checker.check)
    assert found == (checker.sample.example, checker.notebook.check)
