"""What functions of a notebook need: each extract is run, as the checker would run it."""

from typing import Any

import pytest

from checker.cells import extract, statements


def run(cells: list[str], *names: str, given: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(extract(statements(cells), names, given).text, found)
    return found


def test_a_function_brings_imports_constants_and_other_functions_however_deep():
    found = run(
        [
            "import math as m",
            "SCALE = 2",
            "def half(x):\n    return x / SCALE",
            "def f(x):\n    return m.sqrt(half(x))",
        ],
        "f",
    )
    assert found["f"](8) == 2


def test_what_no_function_needs_is_not_run():
    found = run(["losses = 1 / 0", "def f():\n    return 1", "f().losses"], "f")
    assert found["f"]() == 1
    assert "losses" not in found


def test_the_last_definition_counts_wherever_it_is_used():
    cells = ["def f():\n    return g()", "def g():\n    return 1", "def g():\n    return 2"]
    assert run(cells, "f")["f"]() == 2


def test_what_a_statement_uses_at_once_is_what_was_there_before_it():
    cells = ["def g():\n    return 1", "one = g()", "def f():\n    return one + g()", "def g():\n    return 10"]
    assert run(cells, "f")["f"]() == 11


def test_a_class_and_a_comprehension_use_at_once_what_was_there():
    cells = ["SIZE = 1", "class Kind:\n    size = SIZE", "sizes = [SIZE for _ in range(2)]", "SIZE = 5"]
    found = run([*cells, "def f():\n    return [Kind.size, *sizes, SIZE]"], "f")
    assert found["f"]() == [1, 1, 1, 5]


def test_what_a_class_and_a_comprehension_need_stands_before_them():
    cells = ["class Kind:\n    size = SIZE", "SIZE = 1", "class Kind:\n    size = SIZE", "SIZE = 1 / 0"]
    assert run(cells, "Kind")["Kind"].size == 1


@pytest.mark.parametrize(
    "again", ["f = twice(f)", "f += 0", "if False:\n    f = None", "try:\n    f\nexcept NameError:\n    f = 3"]
)
def test_a_name_that_is_made_of_itself_brings_all_of_its_past(again: str):
    cells = ["def twice(x):\n    return x", "f = 5", again]
    assert run(cells, "f")["f"] == 5


def test_decorators_defaults_annotations_bases_and_comprehensions_come_along():
    cells = [
        "def same(f):\n    return f",
        "SIZE = 3",
        "class Base:\n    size = SIZE",
        "class Kind(Base):\n    sizes = [SIZE for _ in range(2)]",
        "@same\ndef f(x: Kind = Kind()):\n    return [x.size + SIZE for _ in x.sizes]",
    ]
    assert run(cells, "f")["f"]() == [6, 6]


def test_a_local_name_is_not_taken_for_the_notebooks():
    found = run(["x = 1 / 0", "def f(x):\n    y = x\n    return y, (lambda x: x)(2)"], "f")
    assert found["f"](1) == (1, 2)


def test_what_is_no_python_or_only_ipythons_is_left_out():
    cells = ["def f(:", "get_ipython().run_line_magic('matplotlib', 'inline')", "await f", "def f():\n    return 1"]
    assert run(cells, "f")["f"]() == 1


def test_a_timed_cell_is_a_cell():
    found = extract(statements(["", "get_ipython().run_cell_magic('time', '', 'A = 1\\nB = 2\\n')"]), ["B"])
    assert (found.text, found.origins) == ("B = 2", ((1, 3),))


def test_only_the_statement_is_taken_from_a_line_and_comments_within_stay():
    cells = ["a = 1; b = 'é'; c = 1 / 0", "@staticmethod  # why\ndef f():\n    # how\n    return b"]
    assert extract(statements(cells), ["f"]).text == "b = 'é'\n@staticmethod  # why\ndef f():\n    # how\n    return b"


def test_what_is_given_stands_first_and_gives_way():
    found = run(["def f():\n    return A, B", "B = 2"], "f", given='"""Text."""\nA = B = 1\n')
    assert found["f"]() == (1, 2)


def test_a_future_import_counts_for_all_later_cells():
    found = run(["from __future__ import annotations", "def f(x: Unknown):\n    return x"], "f", given='"""Text."""')
    assert found["f"](1) == 1


def test_every_line_knows_its_cell():
    found = extract(statements(["", "A = 1", "# why\ndef f():\n    return A"]), ["f"], "GIVEN = 1")
    assert found.origins == (None, (1, 1), (2, 2), (2, 3))
    assert found.names == {"A", "f"}
