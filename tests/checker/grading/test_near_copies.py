"""What is alike beyond what the task makes alike, and what only looks so."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.course import packaged
from checker.grading import near_copies
from checker.stub import stub_of

HONEST = Path(__file__).with_name("honest")
"""Files written from the stub alone, by one who did not look at the solution; not all of them are right."""

EXERCISES = ("exercise3", "exercise8", "exercise9")


@cache
def known(exercise: str) -> near_copies.Known:
    return near_copies.known(packaged().select(exercise))


def honest(exercise: str) -> dict[str, str]:
    return {file.stem: file.read_text("utf-8") for file in sorted(HONEST.glob(f"{exercise}_*.txt"))}


def renamed(text: str) -> str:
    """The text with other names wherever its author chose them, and other comments."""
    names = (
        "losses epoch_losses batch_losses all_losses history total count mean result correct hits matrix counts labels "
        "num_right num_examples weight weights axis grid first like sizes current both swapped g one many"
    )
    words = names.replace(" ", "|")
    text = re.sub(r" *#.*", "", text)
    return "# all mine\n" + re.sub(rf"(?<![.\w])({words})\b(?! ?\()", r"my_own_\1", text)


def reordered(text: str) -> str:
    """The text with its functions the other way round."""
    first, *functions = re.split(r"\n\n\n(?=@|def )", text.rstrip("\n"))
    return "\n\n\n".join([first, *reversed(functions)]) + "\n"


def find(exercise: str, files: Mapping[str, str]) -> set[tuple[str, str | None]]:
    return {(pair.student, pair.other) for pair in near_copies.find(known(exercise), exercise, files)}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_honest_files_are_neither_alike_nor_like_the_solution(exercise: str):
    assert find(exercise, honest(exercise)) == set()


@pytest.mark.parametrize("exercise", EXERCISES)
def test_honest_files_are_far_from_the_thresholds(exercise: str):
    prints = [near_copies.fingerprints(text, known(exercise).words) for text in honest(exercise).values()]
    for one, other in combinations([own - known(exercise).expected for own in prints], 2):
        assert len(one & other) / len(one | other) < near_copies.ALIKE / 10
    if len(known(exercise).solution) >= near_copies.ENOUGH_OF_SOLUTION:
        for own in prints:
            share = len(own & known(exercise).solution) / len(known(exercise).solution)
            assert share < near_copies.ALIKE_SOLUTION * 0.6


@pytest.mark.parametrize("name", ["exercise8_b", "exercise8_c", "exercise9_a", "exercise9_b", "exercise9_c"])
def test_a_copy_in_disguise_is_found(name: str):
    exercise = name.partition("_")[0]
    files = honest(exercise)
    copy = renamed(reordered(files[name]))
    assert copy != files[name]
    assert find(exercise, {**files, "zoe": copy}) == {(name, "zoe")}


def test_the_solution_with_other_names_is_found_where_it_is_long_enough_to_be_ones_own():
    for exercise in packaged().exercises:
        text = reordered(exercise.solution.read_text("utf-8"))
        found = find(exercise.name, {"alice": text})
        is_long = len(known(exercise.name).solution) >= near_copies.ENOUGH_OF_SOLUTION
        assert found == ({("alice", None)} if is_long else set())


def test_stubs_are_no_copies_of_each_other():
    for exercise in packaged().exercises:
        stub = stub_of(exercise)
        assert find(exercise.name, {"alice": stub, "bob": stub, "carol": f"{stub}\n# mine\n"}) == set()


def test_all_who_handed_in_the_solution_are_found():
    text = packaged().select("exercise9").solution.read_text("utf-8")
    assert find("exercise9", dict.fromkeys(["alice", "bob", "carol"], text)) == {
        ("alice", None),
        ("bob", None),
        ("carol", None),
    }


def test_two_who_both_solve_it_as_the_course_does_are_no_pair():
    text = packaged().select("exercise3").solution.read_text("utf-8")
    assert find("exercise3", {"alice": text, "bob": text}) == set()


def test_what_many_write_is_no_evidence_and_what_a_ring_of_copies_shares_is():
    text = honest("exercise9")["exercise9_b"]
    many = {f"s{place:02}": f"{text}\n\nprint({place})\n" for place in range(near_copies.FEW + 1)}
    assert find("exercise9", many) == set()
    ring = dict.fromkeys(many, text)
    assert find("exercise9", ring) == {("s00", other) for other in ring if other != "s00"}


sets = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.frozensets(st.integers(0, 12), min_size=1))


@given(sets, st.sampled_from([0.1, 0.5, 0.6, 0.75, 1.0]))
def test_the_pairs_are_those_that_comparing_all_with_all_finds(named: dict[str, frozenset[int]], share: float):
    by_force = {
        (one, other)
        for one, other in combinations(sorted(named), 2)
        if len(named[one] & named[other]) / len(named[one] | named[other]) >= share
    }
    assert {(one, other) for one, other, _ in near_copies.alike(named, share)} == by_force


@given(st.text())
def test_any_text_has_fingerprints(text: str):
    near_copies.fingerprints(text, frozenset())


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "\t" * 100 + "x", "'''" + "a\n" * 30_000, "\\\n" * 10_000, "if x:\n" * 200]
)
def test_text_that_is_made_to_be_a_burden_is_none(text: str):
    near_copies.fingerprints(text, frozenset())
