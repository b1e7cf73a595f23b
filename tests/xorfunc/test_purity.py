"""What holds for every function of the library that is not made to change something."""

import copy
import inspect
import random

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch.utils._pytree import tree_leaves

from tests.xorfunc import strategies
from tests.xorfunc.problems import linear_loss, module_with, network_logits, network_loss
from xorfunc import (
    data,
    devices,
    ensemble,
    evaluate,
    likelihood,
    model,
    optim,
    params,
    schedules,
    train,
    transforms,
)
from xorfunc import step as training_step
from xorfunc.random import key, normal

MODULES = [
    params,
    data,
    model,
    likelihood,
    transforms,
    optim,
    schedules,
    train,
    ensemble,
    evaluate,
    devices,
    training_step,
]

# Made to change a module, the global random state, or nothing that is a tensor.
IMPURE = {
    *{"module_step", "train_module", "seed_everything", "LogitPredictor", "require_names", "require_rate"},
    *{"pick_device", "timed", "interleaved"},
    # Functions of functions, with tests of their own.
    *{"require_batches", "require_runnable", "run_epochs", "trace_step", "flat_step", "flat_meaning", "form"},
    *{"same_within_rounding", "CannotTrace"},
}
SCHEDULES = {"exponential_decay", "step_decay", "cosine_decay", "linear_warmup"}
TYPES = {"Optimizer", "ScheduledState", "AdamState", "FitResult", "Timing"}


def sphere(x):
    """A scalar function of a vector."""
    return x.square().sum() + x.prod()


def calls(dtype, seed):
    """One call of every function: its name, the function, and arguments of the given dtype."""
    num, d, h = 5, 2, 3
    shapes = {"linear_h.weight": (h, d), "linear_h.bias": (h,), "linear_s.weight": (1, h), "linear_s.bias": (1,)}
    weights = {name: strategies.normal(seed, shape, dtype) for name, shape in shapes.items()}
    grads = {name: strategies.normal(seed + 1, shape, dtype) for name, shape in shapes.items()}
    x, y = strategies.normal(seed + 2, (num, d), dtype), strategies.labels(seed, num)
    s, v, matrix = x[:, 0], x[0], weights["linear_h.weight"]
    batches = [(x[:3], y[:3]), (x[3:], y[3:])]
    k = key(seed)

    def init_fn(key):
        return {name: normal(key, shape, dtype) for name, shape in shapes.items()}

    linear = {"w": strategies.normal(seed + 3, (d,), dtype)}
    members = {name: torch.stack([weights[name], grads[name]]) for name in weights}
    descents = {
        name: (descend, optimizer, weights, grads)
        for name, optimizer in [
            ("sgd", optim.sgd(0.1)),
            ("momentum", optim.momentum(schedules.step_decay(0.1, 0.5, 1), nesterov=True)),
            ("adam", optim.adam(0.1)),
            ("adamw", optim.adamw(schedules.exponential_decay(0.1, 0.5))),
        ]
    }
    step = torch.tensor(3)
    rates = {
        "exponential_decay": (schedules.exponential_decay(0.1, 0.5), step),
        "step_decay": (schedules.step_decay(0.1, 0.5, 2), step),
        "cosine_decay": (schedules.cosine_decay(0.1, 5), step),
        "linear_warmup": (schedules.linear_warmup(0.1, 5), step),
    }
    return (
        descents
        | rates
        | {
            "xor_labels": (data.xor_labels, torch.stack([y, y.flip(0)], dim=-1)),
            "continuous_xor": (data.continuous_xor, k, num, 0.1),
            "minibatches": (data.minibatches, k, x, y, 2),
            "XORDataset": (lambda k: list(data.XORDataset(k, num)), k),
            "init_params": (model.init_params, k, d, h, 1),
            "affine": (model.affine, matrix, weights["linear_h.bias"], x),
            "logits": (model.logits, weights, x),
            "functional_logits": (model.functional_logits, module_with(grads), weights, x),
            "count_parameters": (model.count_parameters, weights),
            "log_prob_one": (likelihood.log_prob_one, s),
            "log_prob_zero": (likelihood.log_prob_zero, s),
            "log_prob": (likelihood.log_prob, s, y),
            "loss_where": (likelihood.loss_where, s, y),
            "loss_bernoulli": (likelihood.loss_bernoulli, s, y),
            "loss_bce": (likelihood.loss_bce, s, y),
            "value_and_grad": (transforms.value_and_grad(network_loss), weights, x, y),
            "per_example_gradients": (transforms.per_example_gradients, linear_loss_of_one, linear, x, s),
            "jacobian": (transforms.jacobian, torch.tanh, v),
            "hvp": (transforms.hvp, sphere, v, x[1]),
            "apply_updates": (optim.apply_updates, weights, grads),
            "sgd_update": (optim.sgd_update, weights, grads, 0.1),
            "momentum_init": (optim.momentum_init, weights),
            "momentum_update": (optim.momentum_update, weights, grads, grads, 0.1, 0.9),
            "apart": (training_step.apart, [matrix, v, v]),
            "optimizer_step": (training_step.optimizer_step, network_loss, optim.momentum(0.1), weights, grads, x, y),
            "train_step": (train.train_step, network_loss, weights, x, y, 0.1),
            "train_epoch": (train.train_epoch, network_loss, weights, batches, 0.1),
            "fit": (lambda *args: train.fit(*args, num_epochs=2, batch_size=2), k, network_loss, weights, x, y),
            "epoch_orders": (train.epoch_orders, k, 1, 3, num),
            "fit_ensemble": (
                lambda *args: ensemble.fit_ensemble(*args, num_epochs=2, batch_size=2),
                k,
                init_fn,
                network_loss,
                x,
                y,
                3,
            ),
            "init_ensemble": (ensemble.init_ensemble, k, lambda key: {"w": normal(key, (d,), dtype)}, 3),
            "ensemble_logits": (ensemble.ensemble_logits, network_logits, members, x),
            "ensemble_step": (ensemble.ensemble_step, network_loss, members, x, y, 0.1),
            "ensemble_probability": (ensemble.ensemble_probability, network_logits, members, x),
            "stack_modules": (ensemble.stack_modules, [module_with(weights), module_with(grads)]),
            "predict": (evaluate.predict, s),
            "accuracy": (evaluate.accuracy, s, y),
            "evaluate": (evaluate.evaluate, network_logits, weights, batches),
            "confusion_matrix": (evaluate.confusion_matrix, y, y.flip(0)),
            "probability_grid": (evaluate.probability_grid, network_logits, weights, 0.0, 1.0, 4),
            "to_device": (devices.to_device, weights, "cpu"),
            "timed_matmul": (lambda a, b: devices.timed_matmul(a, b)[0], x, matrix.T),
        }
    )


def descend(optimizer, weights, grads):
    """Two updates: the first makes the state that the second must leave alone."""
    updates, state = optimizer.update(grads, optimizer.init(weights), weights)
    kept = copy.deepcopy(state)
    again = optimizer.update(grads, state, weights)
    assert_equal(state, kept)
    return updates, state, again


def linear_loss_of_one(weights, x, y):
    return linear_loss(weights, x[None], y[None])


def assert_equal(actual, expected):
    torch.testing.assert_close(tree_leaves(actual), tree_leaves(expected), rtol=0, atol=0)


def global_state():
    """All that a function could leave behind."""
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(np.random.get_state()),
        "random": random.getstate(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def public_names():
    return {
        name
        for module in MODULES
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
        if inspect.isfunction(value) or inspect.isclass(value)
    }


def test_every_function_of_the_library_is_called_here():
    assert set(calls(torch.float32, 0)) == public_names() - IMPURE - TYPES


every_function = pytest.mark.parametrize("name", sorted(calls(torch.float32, 0)))


# Unchecked, as beartype itself draws from `random` to choose which item of a list it looks at.
@every_function
@pytest.mark.usefixtures("no_shape_checks")
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dtype=strategies.dtypes, seed=strategies.seeds)
def test_a_function_leaves_its_arguments_and_the_world_as_they_were(name, dtype, seed):
    function, *arguments = calls(dtype, seed)[name]
    kept, versions = copy.deepcopy(arguments), [t._version for t in tensors_in(arguments)]
    world = global_state()
    function(*arguments)
    assert_equal(tensors_in(arguments), tensors_in(kept))
    assert [t._version for t in tensors_in(arguments)] == versions, "written to in place, be it with the same values"
    assert not any(
        t.requires_grad for t in tensors_in(arguments) if t.is_leaf and not isinstance(t, torch.nn.Parameter)
    )
    assert global_state() == world


@every_function
@settings(max_examples=3)
@given(dtype=strategies.dtypes, seed=strategies.seeds)
def test_a_function_gives_the_same_answer_twice(name, dtype, seed):
    function, *arguments = calls(dtype, seed)[name]
    assert_equal(function(*arguments), function(*arguments))


@every_function
@settings(max_examples=3)
@given(seed=strategies.seeds)
def test_a_function_keeps_the_dtype_of_its_arguments(name, seed):
    if name in {"continuous_xor", "XORDataset", "init_params", *SCHEDULES}:
        pytest.skip("float32, or the default dtype, by contract")
    function, *arguments = calls(torch.float64, seed)[name]
    floats = [t for t in tree_leaves(function(*arguments)) if isinstance(t, torch.Tensor) and t.is_floating_point()]
    assert all(t.dtype == torch.float64 for t in floats)


@every_function
def test_a_function_gives_the_same_without_gradients_recorded(name):
    function, *arguments = calls(torch.float64, 0)[name]
    with torch.no_grad():
        unrecorded = function(*arguments)
    torch.testing.assert_close(
        [t for t in tree_leaves(unrecorded) if isinstance(t, torch.Tensor)],
        [t.detach() for t in tree_leaves(function(*arguments)) if isinstance(t, torch.Tensor)],
    )


def tensors_in(arguments):
    """Every tensor of the arguments, those that modules and datasets hold included."""
    found = []
    for leaf in tree_leaves(arguments):
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
        elif isinstance(leaf, torch.nn.Module):
            found.extend(leaf.parameters())
    return found
