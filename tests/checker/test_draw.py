"""Drawn inputs: decided by the seed alone, as the situation says, and shrunk to the smallest that still shows it."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from checker import draw
from checker.draw import ENTRIES_DRAWN, EXTREMES, Case
from checker.law import Law, Situation
from checker.literal import literal
from checker.observation import Array, Named, identical, leaves, plain
from checker.spec import Check, collect

HEAD = "import torch\nfrom checker.spec import *\n"


def declared(text: str) -> tuple[Check, dict[str, Any]]:
    checks, functions = collect(HEAD + text, "checks.py")
    return checks["f"], functions


def law_of(check: Check, *situations: Situation) -> Law:
    return Law("some_law", "", check.laws[0].trial, situations or (Situation(8),), "")


def cases(text: str, *situations: Situation, seed: int = 0, more: int = 0) -> list[Case]:
    check, functions = declared(text)
    return draw.cases(check, law_of(check, *situations), seed, functions, more=more)


def shapes(text: str, *situations: Situation, seed: int = 0) -> list[tuple[tuple[int, ...], ...]]:
    found = cases(text, *situations, seed=seed)
    return [tuple(tuple(leaf.data.shape) for leaf in leaves(case) if isinstance(leaf, Array)) for case in found]


def smallest(text: str, fails: Callable[[Case], bool], **options: Any) -> Case | None:
    check, functions = declared(text)
    return draw.shrink(check, law_of(check), 0, functions, fails, **options)


# The seed

EVERYTHING = (
    "def g(x): return x\n"
    "check('f', x=tensor('N D'), a=array('D'), y=labels('N'), p=params({'w': 'N D'}), n=size('D'),"
    " i=integer(-3, 3), u=number(0, 1), b=boolean(), k=key(), r=rows('N D'), g=one_of(g, None, tensor('N')))"
)


def test_the_same_seed_gives_the_same_cases_and_another_one_others():
    first, again, other = cases(EVERYTHING), cases(EVERYTHING), cases(EVERYTHING, seed=1)
    assert identical(first, again)
    assert identical(first[0], other[0])  # the simplest case is always tried
    assert not any(identical(a, b) for a, b in zip(first[1:], other[1:], strict=True))


def test_cases_of_one_draw_differ():
    found = [literal(case) for case in cases(EVERYTHING)]
    assert len(found) == len(set(found)) == 8


def test_functions_and_situations_draw_apart_and_laws_of_one_situation_together():
    check, functions = declared("check('f', x=tensor('N'))")
    here = draw.cases(check, law_of(check), 0, functions)
    assert identical(here, draw.cases(check, replace(law_of(check), name="other"), 0, functions))
    assert not identical(here, draw.cases(replace(check, name="g"), law_of(check), 0, functions))
    equal = draw.cases(check, law_of(check, Situation(8, sizes="equal")), 0, functions)
    assert not identical(here[1:], equal[1:])


def test_a_law_that_wants_fewer_cases_gets_the_first_of_them():
    check, functions = declared("check('f', x=tensor('N'))")
    agrees, pure = check.laws[0], check.laws[-1]
    few, many = (draw.cases(check, law, 0, functions) for law in (pure, agrees))
    assert len(few) < len(many)
    assert identical(few, many[: len(few)])


def test_further_cases_are_others_and_as_many_as_were_asked_for():
    first, more = cases(EVERYTHING), cases(EVERYTHING, more=5)
    assert len(more) == 5
    assert not any(identical(a, b) for a, b in zip(first[1:], more[1:], strict=False))


def test_global_random_states_neither_decide_a_draw_nor_notice_it():
    torch.manual_seed(1)
    first, after = cases(EVERYTHING), torch.rand(1)
    torch.manual_seed(2)
    assert identical(cases(EVERYTHING), first)
    torch.manual_seed(1)
    assert torch.rand(1) == after


@pytest.mark.slow
def test_what_else_is_imported_does_not_change_the_cases(tmp_path: Path):
    program = (
        "from checker import draw\n"
        "from checker.literal import literal\n"
        "from checker.spec import collect\n"
        f"checks, functions = collect({HEAD + EVERYTHING!r}, 'checks.py')\n"
        "print([literal(case) for case in draw.cases(checks['f'], checks['f'].laws[0], 0, functions, more=30)])\n"
    )
    numbers = [*range(-32, 65), 10**9, 2**31]
    (tmp_path / "full_of_numbers.py").write_text("".join(f"N{place} = {n}\n" for place, n in enumerate(numbers)))
    outputs = [
        subprocess.run(
            [sys.executable, "-c", more + program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        ).stdout
        for more in ("", "import full_of_numbers, checker.exam, checker.validate, json, sqlite3\n")
    ]
    check, functions = declared(EVERYTHING)
    here = [literal(case) for case in draw.cases(check, check.laws[0], 0, functions, more=30)]
    assert outputs == [f"{here}\n"] * 2


# Sizes

TWO = "check('f', x=tensor('N D'), w=tensor('D H'))"


NO_PLUGINS = """
import importlib.metadata as metadata
groups, found = [], metadata.entry_points
metadata.entry_points = lambda **wanted: groups.append(wanted.get("group")) or found(**wanted)
from checker import draw
print(groups)
"""


def test_hypothesis_looks_for_no_plugins():
    environment = {name: value for name, value in os.environ.items() if name != "HYPOTHESIS_NO_PLUGINS"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", NO_PLUGINS],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=environment,
        check=True,
    )
    assert "hypothesis" not in done.stdout


def test_sizes_are_unequal_and_above_one_at_first():
    for (n, d), (also_d, h) in shapes(TWO):
        assert d == also_d
        assert len({n, d, h}) == 3
        assert min(n, d, h) >= 2


def test_any_sizes_are_sometimes_equal_and_sometimes_one():
    found = [(*x, w[1]) for x, w in shapes(TWO, Situation(40, sizes="any"))]
    assert any(len(set(sizes)) < 3 for sizes in found)
    assert any(1 in sizes for sizes in found)
    assert all(1 <= size <= 4 for sizes in found for size in sizes)


def test_equal_sizes_are_equal_as_far_as_their_least_allows():
    found = shapes(f"{TWO[:-1]}, least={{'H': 2}})", Situation(20, sizes="equal"))
    assert {len({*x, *w}) for x, w in found} == {1}
    assert len(set(found)) > 1


def test_one_is_one_everywhere():
    assert set(shapes(TWO, Situation(4, sizes="one"))) == {((1, 1), (1, 1))}


def test_empty_is_one_dimension_that_may_be():
    found = shapes(f"{TWO[:-1]}, least={{'N': 0, 'H': 0}})", Situation(20, sizes="empty"))
    zeros = {tuple(name for name, size in zip("NDH", (*x, w[1]), strict=True) if size == 0) for x, w in found}
    assert zeros == {("N",), ("H",)}


@pytest.mark.parametrize("sizes", ["unequal", "any", "one"])
def test_a_least_size_is_kept(sizes: Any):
    found = shapes(f"{TWO[:-1]}, least={{'D': 3}})", Situation(20, sizes=sizes))
    assert {x[1] for x, _ in found} <= set(range(3, 9))
    assert min(x[1] for x, _ in found) == 3
    assert min(x[0] for x, _ in found) < 3


def test_a_law_can_fix_a_size_and_add_an_axis():
    assert {x[0] for x, _ in shapes(TWO, Situation(4, fixed=(("N", 7),)))} == {7}
    for x, w in shapes(TWO, Situation(4, batched=(("x", 0), ("w", 1)))):
        assert (x[0], w[1]) == (3, 3)
        assert (x[2], len(x), len(w)) == (w[0], 3, 3)


def test_products_numbers_and_free_dimensions_have_their_sizes():
    text = (
        "check('f', x=tensor('R C'), y=tensor('R*C 2'), z=tensor('... R'), u=tensor('...'),"
        " n=size('R*C'), s=tensor(''))"
    )
    ranks = set()
    for x, y, z, u, n, s in cases(text, Situation(20, sizes="any")):
        rows, columns = x.data.shape
        assert y.data.shape == (rows * columns, 2)
        assert z.data.shape == (*u.data.shape, rows)
        assert (n, s.data.shape) == (rows * columns, ())
        ranks.add(u.data.ndim)
    assert ranks == {0, 1, 2, 3}
    assert {u.data.ndim for _, _, _, u, _, _ in cases(text, Situation(20))} == {1, 2}
    assert {u.data.ndim for _, _, _, u, _, _ in cases(text, Situation(2, sizes="one"))} == {0}


# Entries


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("tensor('N')", -4, 4),
        ("tensor('N', low=0, high=1)", 0, 1),
        ("tensor('N', low=2.5, high=9)", 2.5, 9),
        ("array('N', low=-1, high=0)", -1, 0),
        ("labels('N')", 0, 1),
        ("params({'w': 'N'})", -4, 4),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_entries_lie_within_their_bounds_and_are_not_few(text: str, low: float, high: float, dtype: torch.dtype):
    found = cases(f"check('f', x={text})", Situation(60, dtype=dtype))
    entries = {entry for case in found for leaf in leaves(case) for entry in leaf.data.tolist()}
    assert low <= min(entries)
    assert max(entries) <= high
    assert max(entries) - min(entries) > 0.8 * (high - low)
    assert len(entries) >= (2 if "labels" in text else 12)


def test_entries_are_eighths_in_single_precision_and_tenths_in_double():
    for situation, exact in ((Situation(8), True), (Situation(8, dtype=torch.float64), False)):
        data = torch.cat([x.data for (x,) in cases("check('f', x=tensor('N'))", situation)])
        assert data.dtype is situation.dtype
        assert bool((data.float().double() == data.double()).all()) is exact
        assert ((data * (8 if exact else 10)) % 1 < 1e-9).logical_or((data * 10) % 1 > 1 - 1e-9).all()


def test_numbers_keys_and_choices_lie_within_their_bounds():
    for x, k, r, c, g in cases(
        "def g(x): return x\n"
        "check('f', x=integer(-2, 2), k=key(), r=number(0.5, 1.5), c=tensor('N') | labels('N'), g=one_of(g, 'a', 3))",
        Situation(30),
    ):
        assert x in range(-2, 3)
        assert (k.data.shape, k.data.dtype) == ((2,), torch.int64)
        assert ((k.data >= 0) & (k.data < 2**32)).all()
        assert 0.5 <= r <= 1.5
        assert c.data.dtype in (torch.float32, torch.int64)
        assert g in (Named("function", "g"), "a", 3)


def test_every_choice_is_drawn():
    text = (
        "def g(x): return x\n"
        "check('f', c=one_of(g, 'a', 3) | boolean(), r=tensor('', requires_grad=None), m=rows('N D'))"
    )
    found = cases(text, Situation(60))
    assert {repr(c) for c, _, _ in found} == {repr(Named("function", "g")), "'a'", "3", "True", "False"}
    assert {r.requires_grad for _, r, _ in found} == {True, False}
    assert {type(entry) for _, _, m in found for row in m for entry in row} == {int, float}
    assert all(len({len(row) for row in m}) == 1 for _, _, m in found)


def test_where_keeps_only_what_it_is_true_of():
    text = "check('f', x=tensor('N'), where=lambda x: bool(x.sum() > 0))"
    found = cases(text)
    assert len(found) == 8
    assert all(x.data.sum() > 0 for (x,) in found)


def test_extreme_entries_are_drawn_for_the_named_arguments_only():
    found = cases("check('f', s=tensor('N'), x=tensor('N'))", Situation(30, extreme=("s",)))
    extreme = {entry for s, _ in found for entry in s.data.tolist()}
    assert extreme <= {sign * size for size in EXTREMES for sign in (1, -1)}
    assert {abs(entry) for entry in extreme} == {abs(size) for size in EXTREMES}
    assert min(extreme) < 0 < max(extreme)
    assert max(float(x.data.abs().max()) for _, x in found) <= 4


def test_a_strided_situation_lays_out_tensors_with_gaps_and_turns_dicts_around():
    for x, p in cases("check('f', x=tensor('N D'), p=params({'w': 'N', 'b': 'D'}))", Situation(4, strided=True)):
        assert x.strided
        assert list(p) == ["b", "w"]
    assert not any(x.strided for (x,) in cases("check('f', x=tensor(''))", Situation(4, strided=True)))


def test_a_large_tensor_comes_with_the_code_that_makes_it():
    text = "check('f', x=tensor('N', low=-3, high=5))"
    for (x,) in cases(text, Situation(4, fixed=(("N", ENTRIES_DRAWN + 1),))):
        assert identical(plain(eval(x.code, {"torch": torch})), x)
        assert (x.data >= -3).all()
        assert (x.data <= 5).all()
        assert len(x.data.unique()) == 9
    assert not any(x.code for (x,) in cases(text, Situation(4, fixed=(("N", ENTRIES_DRAWN),))))


def test_a_large_tensor_is_as_its_description_and_situation_say():
    fixed = (("N", ENTRIES_DRAWN),)
    text = "check('f', x=tensor('N 2', requires_grad=True))"
    for (x,) in cases(text, Situation(2, fixed=fixed, strided=True, extreme=("x",))):
        assert x.requires_grad
        assert x.strided
        assert set(x.data.abs().unique().tolist()) == set(EXTREMES)
        made = eval(literal(x), {"torch": torch})
        assert made.requires_grad
        assert not made.is_contiguous()
        assert made.equal(x.data)


def test_the_axis_that_a_law_adds_is_none_of_the_checks_own():
    (x, *_), *_ = cases("check('f', x=tensor('B B'))", Situation(2, fixed=(("B", 5),), batched=(("x", 0),)))
    assert x.data.shape == (3, 5, 5)


# Shrinking


@pytest.mark.parametrize("bound", [0, 10, 37, 50])
def test_the_smallest_number_that_fails_is_found(bound: int):
    found = smallest("check('f', n=integer(0, 100))", lambda case: case[0] >= bound)
    assert found == (bound,)


def test_the_smallest_tensor_that_fails_is_found():
    found = smallest("check('f', x=tensor('N'))", lambda case: bool((case[0].data > 1).any()))
    assert found is not None
    none, one = sorted(found[0].data.tolist())
    assert none == 0
    assert 1 < one <= 2  # a whole number reads better than 1.125


def test_what_does_not_fail_has_no_smallest_case():
    asked: list[Case] = []
    assert smallest("check('f', n=integer(0, 100))", lambda case: asked.append(case) is not None) is None  # type: ignore[func-returns-value]
    assert len(asked) == 8


def test_a_shrink_begins_with_the_cases_that_were_asked():
    text, asked = "check('f', x=tensor('N'), n=integer(0, 100))", list[Case]()
    smallest(text, lambda case: bool(asked.append(case)))
    assert identical(asked, cases(text))


@pytest.mark.parametrize("effort", [0, 1, 10])
def test_no_more_cases_are_tried_than_the_effort_allows(effort: int):
    asked: list[bool] = []

    def fails(case: Case) -> bool:
        asked.append(case[0] >= 10)
        return asked[-1]

    found = smallest("check('f', n=integer(0, 10**6))", fails, effort=effort)
    assert found is not None
    assert found[0] >= 10
    assert len(asked) - asked.index(True) - 1 <= effort


@pytest.mark.parametrize("period", [2, 3, 5])
def test_a_failure_that_does_not_show_every_time_gives_a_case_that_showed_it(period: int):
    failed, count = list[Case](), itertools.count()

    def fails(case: Case) -> bool:
        if next(count) % period != 1:
            return False
        failed.append(case)
        return True

    found = smallest("check('f', n=integer(0, 100))", fails)
    assert found in failed


def test_what_fails_raises_ends_the_search_at_once():
    asked: list[Case] = []

    def fails(case: Case) -> bool:
        asked.append(case)
        if len(asked) == 5:
            raise ConnectionError
        return case[0] > 1

    with pytest.raises(ConnectionError):
        smallest("check('f', n=integer(0, 10**6))", fails)
    assert len(asked) == 5


def test_a_later_situation_is_searched_when_an_earlier_one_shows_nothing():
    check, functions = declared("check('f', x=tensor('N'))")
    law = law_of(check, Situation(4), Situation(4, sizes="one"))
    found = draw.shrink(check, law, 0, functions, lambda case: len(case[0].data) == 1)
    assert found is not None
    assert literal(found) == "(torch.tensor([0.0]),)"


@pytest.mark.parametrize("situation", [Situation(30), Situation(30, extreme=("s",)), Situation(30, sizes="one")])
def test_a_tensor_that_has_no_zeros_has_none_and_is_one_at_its_simplest(situation: Situation):
    text = "check('f', s=tensor('N', zero=False))"
    drawn = [case[0].data for case in cases(text, situation)]
    assert all(bool((data != 0).all()) for data in drawn)
    assert len({float(entry) for data in drawn for entry in data}) > 5
    assert bool((smallest(text, lambda case: True)[0].data == 1).all())  # type: ignore[index]
    assert any(bool((case[0].data == 0).any()) for case in cases("check('f', s=tensor('N'))", situation))


def test_a_size_of_any_shape_is_that_of_one_axis_beside_a_larger_one():
    found = shapes("check('f', x=tensor('... D'), y=tensor('...'))", Situation(8, fixed=(("...", 1),)))
    assert all(x[:-1] == y and len(y) == 2 and y[0] > y[1] == 1 for x, y in found)
