"""Each setting of the process shows in the reading when it is changed, and is put back afterwards."""

import random
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
import torch

from checker import global_state

CHANGES: dict[str, Callable[[], object]] = {
    "torch's random state": lambda: torch.rand(1),
    "NumPy's random state": lambda: np.random.rand(),
    "Python's random state": random.random,
    "the default dtype": lambda: torch.set_default_dtype(torch.float64),
    "the default device": lambda: torch.set_default_device("meta"),
    "grad mode": lambda: torch.set_grad_enabled(False),
    "the number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "deterministic algorithms": lambda: torch.use_deterministic_algorithms(True),
    "cudnn.deterministic": lambda: setattr(torch.backends.cudnn, "deterministic", True),
    "cudnn.benchmark": lambda: setattr(torch.backends.cudnn, "benchmark", True),
}


def test_every_setting_that_is_read_is_tried_here():
    assert CHANGES.keys() == global_state.read().keys()


def test_what_nothing_changed_reads_the_same():
    assert global_state.read() == global_state.read()


@pytest.mark.parametrize("setting", CHANGES)
def test_a_change_shows_in_the_reading_of_its_setting_only_and_is_put_back(setting: str):
    before = global_state.read()
    with global_state.preserved():
        CHANGES[setting]()
        during = global_state.read()
    assert {name for name in before if during[name] != before[name]} == {setting}
    assert global_state.read() == before


def test_settings_are_put_back_after_an_exception_too():
    before = global_state.read()
    with suppress(ZeroDivisionError), global_state.preserved():
        for change in CHANGES.values():
            change()
        raise ZeroDivisionError
    assert global_state.read() == before


def test_settings_that_are_not_the_usual_ones_are_kept_as_well():
    with global_state.preserved():
        for change in CHANGES.values():
            change()
        before = global_state.read()
        with global_state.preserved():
            torch.set_default_dtype(torch.float32)
            torch.set_default_device("cpu")
            torch.set_grad_enabled(True)
            torch.use_deterministic_algorithms(False)
            torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = False
            torch.manual_seed(7)
            random.seed(7)
            np.random.seed(7)
        assert global_state.read() == before


def test_draws_go_on_as_if_nothing_had_been_drawn():
    torch.manual_seed(0)
    undisturbed = torch.rand(2)
    torch.manual_seed(0)
    first = torch.rand(1)
    with global_state.preserved():
        torch.rand(5)
    assert torch.cat([first, torch.rand(1)]).tolist() == undisturbed.tolist()


def drawn() -> list[float]:
    return [float(torch.rand(())), float(np.random.rand()), random.random()]


def test_what_is_drawn_where_it_is_settled_is_always_the_same():
    with global_state.settled():
        first = drawn()
        assert drawn() != first
        with global_state.settled():
            assert drawn() == first
            vars(np.random)["set_bit_generator"](np.random.MT19937(0))
    with global_state.settled():
        assert drawn() == first


def test_where_somebody_has_exchanged_numpys_generator_it_can_be_settled_and_read_all_the_same():
    numpys = vars(np.random)
    with global_state.settled():
        first = drawn()
        numpys["set_bit_generator"](np.random.PCG64(0))
    with global_state.settled():
        assert drawn() == first
        assert global_state.read().keys() == CHANGES.keys()


@pytest.mark.parametrize("setting", CHANGES)
def test_after_what_was_settled_all_but_the_random_states_is_as_before(setting: str):
    with global_state.preserved():
        before = global_state.read()
        with suppress(ZeroDivisionError), global_state.settled():
            CHANGES[setting]()
            raise ZeroDivisionError
        after = global_state.read()
    assert [name for name in before if not name.endswith("random state") and after[name] != before[name]] == []
