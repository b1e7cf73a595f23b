"""Training on a GPU by every backend, against the CPU."""

import warnings

import pytest
import torch

from tests.xorfunc.problems import assert_params_close, linear_loss, network_loss
from tests.xorfunc.strategies import normal
from xorfunc.backends import BACKENDS
from xorfunc.data import continuous_xor
from xorfunc.devices import to_device
from xorfunc.model import init_params
from xorfunc.optim import adam, adamw, momentum, sgd
from xorfunc.random import key
from xorfunc.schedules import cosine_decay
from xorfunc.train import fit

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    pytest.mark.usefixtures("no_shape_checks"),
]

# Sums in another order each step; float64, so that what training makes of it stays far below any mistake.
CLOSE = {"rtol": 1e-6, "atol": 1e-8}

OPTIMIZERS = {
    "sgd": sgd(0.1),
    "nesterov": momentum(0.05, nesterov=True),
    "adam": adam(0.01),
    "adamw with a schedule": adamw(cosine_decay(0.01, 20)),
}
each_backend = pytest.mark.parametrize("backend", BACKENDS)


def network_problem():
    x, y = continuous_xor(key(0), 20, 0.1)
    return network_loss, {name: p.double() for name, p in init_params(key(1), 2, 4, 1).items()}, x.double(), y


def linear_problem():
    params = {"w": normal(0, (2,), torch.float64), "unused": torch.ones((), dtype=torch.float64)}
    return linear_loss, params, normal(1, (20, 2), torch.float64), normal(2, (20,), torch.float64)


def fits(problem, backend, **settings):
    """On the GPU, and eagerly on the CPU."""
    loss_fn, params, x, y = problem()
    settings = {"num_epochs": 12, "batch_size": 8} | settings
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # a fast way that gave way would be no test of it
        there = fit(key(2), loss_fn, to_device(params, "cuda"), x.cuda(), y.cuda(), backend=backend, **settings)
    return there, fit(key(2), loss_fn, params, x, y, backend="eager", **settings)


@each_backend
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("problem", [network_problem, linear_problem])
def test_a_gpu_gives_the_trajectory_of_the_cpu(problem, optimizer, backend):
    there, here = fits(problem, backend, optimizer=optimizer)
    assert_params_close(to_device(there.params, "cpu"), here.params, **CLOSE)
    torch.testing.assert_close(there.losses.cpu(), here.losses, **CLOSE)


@each_backend
@pytest.mark.parametrize("batch_size", [1, 20, 100])
def test_batches_of_any_size_do(backend, batch_size):
    there, here = fits(linear_problem, backend, batch_size=batch_size)
    assert_params_close(to_device(there.params, "cpu"), here.params, **CLOSE)


@each_backend
def test_what_is_trained_stays_on_the_gpu_as_plain_tensors(backend):
    there, _ = fits(network_problem, backend)
    for t in (*there.params.values(), there.losses):
        assert t.device.type == "cuda"
        assert not t.requires_grad
        assert not t.is_inference()
