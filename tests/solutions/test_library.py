"""The library keeps what the course asks: its functions pass the checks of the exercises, on inputs of several seeds.

A check compares with the exercise's solution wherever that is a matter of values, so this is also the proof that the
library and the solutions agree; where the numbers are random, it holds both to the same laws.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from checker import answer_key
from checker.answer_key import AnswerKey
from checker.course import packaged
from checker.judge import Asking, judge
from checker.validate import Performer
from xorfunc import checkpoint, data, devices, ensemble, evaluate, likelihood, model, optim, train, transforms

SEEDS = range(3)
FIRST_LIBRARY_EXERCISE = 3
WITHOUT_A_TWIN = {"distance_gradient", "batched_distance"}
"""Functions of the course that are a lesson only."""


def fit(key: Any, loss_fn: Any, params: Any, x: Any, y: Any, num_epochs: int, batch_size: int, lr: float) -> Any:
    """The library takes any optimizer where the exercise takes a rate."""
    return train.fit(key, loss_fn, params, x, y, optimizer=optim.sgd(lr), num_epochs=num_epochs, batch_size=batch_size)


MODULES = (transforms, data, model, likelihood, optim, train, evaluate, checkpoint, devices, ensemble)
TWINS: dict[str, Callable[..., Any]] = {name: value for module in MODULES for name, value in vars(module).items()}
TWINS["fit"] = fit

KEYS: dict[str, AnswerKey] = {}


def key_of(exercise: str) -> AnswerKey:
    if exercise not in KEYS:
        KEYS[exercise] = answer_key.load(packaged().select(exercise).folder)
    return KEYS[exercise]


FUNCTIONS = [
    (exercise.name, function)
    for exercise in packaged().exercises
    if exercise.number >= FIRST_LIBRARY_EXERCISE
    for function in exercise.functions
    if function not in WITHOUT_A_TWIN
]


def test_every_function_of_the_later_exercises_has_its_twin_in_the_library():
    assert [name for _, name in FUNCTIONS if name not in TWINS] == []
    assert len(FUNCTIONS) > 40


@pytest.mark.parametrize(("exercise", "function"), FUNCTIONS)
@pytest.mark.usefixtures("no_shape_checks")
def test_the_library_agrees_with_the_solution(exercise: str, function: str):
    key = key_of(exercise)
    twins = {name: TWINS[name] for name in key.checks if name in TWINS}  # as a whole: some are judged in pairs
    answer = SimpleNamespace(**{**vars(key.solution), **twins})
    check = key.checks[function]
    for seed in SEEDS:
        found = judge(
            Asking(key, check, Performer(key, check, answer), "library", "cpu", seed, float("inf")), explain=False
        )
        assert (found.status, found.failures[:1]) == ("passed", ()), seed
