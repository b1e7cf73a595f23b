"""Both styles of one training, as they are run, as programs, and habit by habit."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._pytree import tree_map_only

from tests.xorfunc.strategies import seeds
from xorfunc.compare import FUNCTIONAL, MODULE, SETTING, TRANSLATIONS, compare_styles, seeded
from xorfunc.compare import run as running
from xorfunc.random import key

# Both take the same steps and round each a little differently; some hundred steps at this rate don't amplify that.
CLOSE = {"rtol": 1e-5, "atol": 1e-6}

PROGRAMS = {"functional": FUNCTIONAL, "module": MODULE}
each_program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


def outcome(program):
    """What a program leaves behind, as plain tensors where it is tensors."""
    names = {}
    exec(program, names)
    return tree_map_only(torch.Tensor, lambda t: t.detach(), names)


@pytest.mark.parametrize("seed", [0, 7])
def test_both_programs_end_with_the_same_losses_and_parameters(seed):
    functional, module = (outcome(seeded(program, seed)) for program in PROGRAMS.values())
    assert len(functional["losses"]) == 20
    assert functional["losses"][-1] < functional["losses"][0]
    torch.testing.assert_close(functional["losses"], module["losses"], **CLOSE)
    torch.testing.assert_close(functional["params"], module["params"], **CLOSE)


def test_the_programs_are_the_training_that_is_compared():
    comparison = compare_styles(key(3), rounds=1, backends=("eager",))
    for style, losses in (("functional", comparison.functional), ("module", comparison.module)):
        of_program = outcome(seeded(comparison.programs[style], 3))["losses"]
        torch.testing.assert_close(losses, torch.tensor(of_program), **CLOSE)


def test_another_seed_is_another_training():
    assert outcome(seeded(FUNCTIONAL, 1))["losses"] != outcome(FUNCTIONAL)["losses"]


@each_program
def test_a_program_fits_half_a_screen(program):
    assert len(program.splitlines()) <= 40
    assert max(map(len, program.splitlines())) <= 58


@each_program
def test_the_seed_of_a_program_stands_in_one_place(program):
    assert program.count("key(0)") == 1


@settings(max_examples=8)
@given(seed=seeds, num_points=st.integers(1, 20), batch_size=st.integers(1, 25), lr=st.floats(0.0, 0.5))
def test_both_styles_agree_within_rounding_whatever_the_sizes(seed, num_points, batch_size, lr):
    sizes = {"num_points": num_points, "num_epochs": 2, "batch_size": batch_size, "rounds": 1}
    comparison = compare_styles(key(seed), lr=lr, **sizes)
    torch.testing.assert_close(comparison.functional, comparison.module, **CLOSE)
    assert comparison.loss_difference < 1e-5
    assert comparison.params_difference < 1e-5
    assert comparison.num_steps == 2 * -(-num_points // batch_size)
    assert comparison.functional.shape == comparison.module.shape == (2,)


def test_a_difference_between_the_styles_is_reported_at_its_size(monkeypatch):
    fit = running.fit

    def off(*args, backend, **options):
        result = fit(*args, backend=backend, **options)
        if backend == "eager":
            return result
        nudged = {name: p.clone() for name, p in result.params.items()}
        nudged["linear_s.bias"][0] += 0.25
        return result._replace(params=nudged, losses=result.losses + torch.tensor([0.0, -0.5]))

    monkeypatch.setattr(running, "fit", off)
    comparison = compare_styles(key(0), num_points=8, num_epochs=2, rounds=1)
    assert comparison.loss_difference == pytest.approx(0.5, abs=1e-5)
    assert comparison.params_difference == pytest.approx(0.25, abs=1e-5)


def test_every_way_is_timed_in_seconds_a_step(monkeypatch):
    def taking_turns(contenders, *, rounds):
        assert list(contenders) == ["module", "eager", "traced"]
        return {name: running.Timing((6.0 * i,) * rounds) for i, name in enumerate(contenders, start=1)}

    monkeypatch.setattr(running, "interleaved", taking_turns)
    comparison = compare_styles(key(0), num_points=5, num_epochs=2, batch_size=2, rounds=4)
    assert comparison.seconds == {"module": 1.0, "eager": 2.0, "traced": 3.0}
    assert comparison.ratios == {"eager": 2.0, "traced": 3.0}
    assert all(len(timing.seconds) == 4 for timing in comparison.timings.values())


# Unchecked, as beartype itself draws from `random` to choose which item of a list it looks at.
@pytest.mark.usefixtures("no_shape_checks")
def test_comparing_leaves_the_global_state_as_it_was():
    def state():
        return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate(), torch.get_num_threads()

    before = state()
    compare_styles(key(0), num_points=8, num_epochs=1, rounds=1)
    assert state() == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"backends": ()}, "backends has no entry"),
        ({"backends": ("eager", "fast")}, "backend='fast'"),
        ({"num_epochs": 0}, "num_epochs=0"),
        ({"num_points": 0}, "x has no examples"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"rounds": 0}, "rounds=0"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused_by_what_was_given(wrong, message):
    with pytest.raises(ValueError, match=message):
        compare_styles(key(0), **{"num_points": 4, "num_epochs": 1, **wrong})


def test_an_interrupted_training_is_compared_with_nothing(monkeypatch):
    fit = running.fit
    monkeypatch.setattr(running, "fit", lambda *args, num_epochs, **options: fit(*args, num_epochs=1, **options))
    with pytest.raises(KeyboardInterrupt):
        compare_styles(key(0), num_points=4, num_epochs=2)


@pytest.mark.parametrize("row", TRANSLATIONS, ids=lambda row: row.name)
def test_both_sides_of_a_translation_give_equal_results(row):
    functional, module = outcome(SETTING + row.functional), outcome(SETTING + row.module)
    assert row.gives
    for name in row.gives:
        torch.testing.assert_close(functional[name], module[name], **CLOSE)


@pytest.mark.parametrize("row", TRANSLATIONS, ids=lambda row: row.name)
def test_a_side_of_a_translation_defines_what_it_is_compared_by_itself(row):
    inherited = outcome(SETTING)
    assert not set(row.gives) & inherited.keys()
    for side in (row.functional, row.module):
        assert max(map(len, side.splitlines())) <= 58


def test_translations_have_names_of_their_own():
    assert len({row.name for row in TRANSLATIONS}) == len(TRANSLATIONS)


def test_a_backend_that_does_not_run_here_is_not_timed_under_its_name(monkeypatch, no_shape_checks):
    def missing(*arguments, **options):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", missing)
    comparison = compare_styles(key(0), num_points=20, num_epochs=2, backends=("eager", "traced", "compiled"), rounds=1)
    assert list(comparison.seconds) == ["module", "eager", "traced"]
    assert "no compiler" in comparison.unavailable["compiled"]
    assert set(comparison.preparing) == {"module", "eager", "traced", "compiled"}
    with pytest.raises(ValueError, match="none of them runs"):
        compare_styles(key(0), num_points=20, num_epochs=2, backends=("compiled",), rounds=1)
