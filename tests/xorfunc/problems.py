"""Toy problems with known answers, and the network of the course as the functions that training takes."""

import torch

from xorfunc.likelihood import loss_bce
from xorfunc.model import LogitPredictor, logits


def network_logits(params, x):
    """One logit an example, [N]."""
    return logits(params, x)[..., 0]


def network_loss(params, x, y):
    """Mean negative log-likelihood of the network."""
    return loss_bce(network_logits(params, x), y)


def linear_loss(params, x, y):
    """Half the mean squared error of x @ w: its gradient is x^T (x w - y) / N."""
    return (x @ params["w"] - y).square().mean() / 2


def linear_gradient(params, x, y):
    """The gradient of `linear_loss`, by hand."""
    return {"w": x.T @ (x @ params["w"] - y) / len(x)}


def solved_xor(sharpness=50.0, dtype=torch.float32):
    """Two hidden units that solve XOR: one asks for at least one bit, the other for both; the first alone means 1."""
    return {
        "linear_h.weight": torch.full((2, 2), sharpness, dtype=dtype),
        "linear_h.bias": torch.tensor([-0.5 * sharpness, -1.5 * sharpness], dtype=dtype),
        "linear_s.weight": torch.tensor([[1.0, -1.0]], dtype=dtype),
        "linear_s.bias": torch.tensor([-1.0], dtype=dtype),
    }


def module_with(params):
    """A `LogitPredictor` of the sizes and dtype of `params`, holding their values."""
    num_hidden, num_inputs = params["linear_h.weight"].shape
    module = LogitPredictor(num_inputs, num_hidden, len(params["linear_s.bias"]))
    module.to(params["linear_h.weight"].dtype).load_state_dict(params)
    return module


def assert_params_close(actual, expected, **tolerance):
    """Equal names, whatever their order, then equal tensors to a tolerance."""
    assert actual.keys() == expected.keys()
    torch.testing.assert_close(actual, {name: expected[name] for name in actual}, **tolerance)
