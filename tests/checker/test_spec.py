"""The vocabulary of checks.py: declarations become data, in order, and mistakes in them are told at once."""

import pytest
import torch

from checker import spec
from checker.laws import DEFAULT
from checker.spec import Check, Tolerance, Variant, array, boolean, check, collect, declarations, key, tensor

ALL = tuple(rule.__name__ for rule in DEFAULT)


def declared(text: str) -> Check:
    checks, _ = collect(f"from checker.spec import *\n{text}", "checks.py")
    return next(iter(checks.values()))


def laws(text: str) -> tuple[str, ...]:
    return tuple(law.name for law in declared(text).laws)


def test_the_vocabulary_is_all_that_a_checks_file_needs():
    names: dict[str, object] = {}
    exec("from checker.spec import *", names)
    assert {"check", "tensor", "vmaps", "misconception", "alternative", "Tolerance"} <= names.keys()
    assert sorted(spec.__all__) == spec.__all__
    assert all(hasattr(spec, name) for name in spec.__all__)


def test_checks_are_collected_by_name_in_their_order_with_the_files_globals():
    source = (
        "from checker.spec import check, tensor\n"
        "def quadratic(x): return x * x\n"
        "check('second', x=tensor('N'), hints=['a', 'b'])\n"
        "check('first', x=tensor('N'))\n"
    )
    checks, functions = collect(source, "checks.py")
    assert list(checks) == ["second", "first"]
    assert checks["second"].hints == ("a", "b")
    assert functions["quadratic"](3) == 9


def test_every_function_is_held_to_the_common_laws_in_their_order():
    assert laws("check('f', x=tensor('N'))") == ALL == ("agrees", "keeps_dtype", "any_size", "any_layout", "pure")
    assert laws("check('f', x=tensor('N'), laws=[vmaps(x=0)], without=[pure, any_size])") == (
        "agrees", "keeps_dtype", "any_layout", "vmaps",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        ("", {"keeps_dtype", "any_size", "any_layout"}),
        ("n=integer(0, 3)", {"keeps_dtype", "any_layout"}),
        ("y=labels('N')", {"keeps_dtype"}),
        ("x=tensor('N', dtype=torch.float64)", {"keeps_dtype"}),
        ("x=labels('N') | tensor('N')", set()),
        ("x=params({'w': 'N'})", set()),
        ("x=array('N')", set()),
        ("key=key()", {"keeps_dtype", "any_layout"}),
    ],
)
def test_a_law_that_cannot_apply_is_left_out(inputs: str, missing: set[str]):
    assert set(ALL) - set(laws(f"import torch\ncheck('f', {inputs})")) == missing


def test_an_empty_size_is_tried_only_where_it_makes_sense():
    def sizes(text: str) -> list[str]:
        law = next(law for law in declared(text).laws if law.name == "any_size")
        return [situation.sizes for situation in law.situations]

    assert sizes("check('f', x=tensor('N'))") == ["any", "equal", "one"]
    assert sizes("check('f', x=tensor('N'), least={'N': 0})") == ["any", "equal", "one", "empty"]
    assert sizes("check('f', x=tensor('N'), least={'N': 2})") == ["any", "equal", "one"]


def test_a_choice_of_three_is_one_choice():
    choice = tensor("N") | array("N") | boolean()
    assert choice == spec.one_of(tensor("N"), array("N"), boolean())
    assert key() | boolean() == spec.one_of(key(), boolean())


def test_a_tolerance_of_ones_own_leaves_the_other_dtypes_theirs():
    found = declared("import torch\ncheck('f', tolerances={torch.float32: Tolerance(0.5)})").tolerances
    assert found[torch.float32] == Tolerance(0.5)
    assert found[torch.float64] == spec.TOLERANCES[torch.float64]


def test_a_trial_must_take_the_inputs_of_its_check():
    source = "def trial(answer, y):\n    return answer.f(y)\n\ncheck('f', x=tensor('N'), trial=trial)"
    with pytest.raises(ValueError, match=r"trial of 'f' takes \('y',\): it must take \('x',\)"):
        declared(source)


def test_variants_are_collected_with_their_function_slug_and_advice():
    source = (
        "from checker.spec import alternative, misconception\n"
        "@misconception('f', 'Mind the sign.')\n"
        "def negated(x): return -x\n"
        "@alternative('g')\n"
        "class Renamed: pass\n"
    )
    found, names = declarations(source, "misconceptions.py")
    assert found == [
        Variant("f", "negated", names["negated"], "Mind the sign."),
        Variant("g", "Renamed", names["Renamed"]),
    ]
    assert names["negated"](2) == -2


def test_files_are_read_apart_from_each_other():
    inner = "from checker.spec import check\ncheck('inner')\n"
    outer = f"from checker.spec import check, collect\nchecks, _ = collect({inner!r}, 'inner.py')\ncheck('outer')\n"
    checks, names = collect(outer, "outer.py")
    assert list(checks) == ["outer"]
    assert list(names["checks"]) == ["inner"]


def test_a_file_that_raises_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError):
        collect("from checker.spec import check\ncheck('f')\n1 / 0\n", "checks.py")
    assert collect("", "checks.py")[0] == {}


def test_a_declaration_outside_of_a_collected_file_is_let_be():
    check("f", x=tensor("N"))
    assert collect("", "checks.py")[0] == {}
