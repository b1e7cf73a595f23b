"""How likely the labels are, told from logits.

A logit s stands for the probability sigmoid(s) of Y = 1. The sigmoid itself is never formed: for |s| above 17 (float32)
it rounds to 0 or 1, its logarithm to minus infinity, and the gradient is gone. Its logarithm has a form
that is exact for every finite logit, and everything here is built on that one form. The mean negative log-likelihood is
written three times, as the course does: by selection, by a distribution, by the name it has in `torch`.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


def log_prob_one(s: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Log P(Y = 1) for each logit, in nats.

        log sigmoid(s) = min(s, 0) - log(1 + exp(-|s|))

    >>> log_prob_one(torch.tensor([-10_000.0, 0.0]))
    tensor([-1.0000e+04, -6.9315e-01])
    """
    return F.logsigmoid(s)


def log_prob_zero(s: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Log P(Y = 0) for each logit, in nats: 1 - sigmoid(s) is sigmoid(-s).

    >>> log_prob_zero(torch.tensor([0.0, 10_000.0]))
    tensor([-6.9315e-01, -1.0000e+04])
    """
    return F.logsigmoid(-s)


def log_prob(s: Float[Tensor, "*shape"], y: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Log-probability of each label under its logit, in nats.

    Both branches are finite everywhere, so the one that is not taken cannot put a NaN into the gradient.

    Args:
        s: logits.
        y: labels, 0 or 1, of the same shape.

    Raises:
        ValueError: if the shapes differ.

    >>> log_prob(torch.tensor([2.0, 2.0]), torch.tensor([1, 0]))
    tensor([-0.1269, -2.1269])
    """
    _require_one_label_each(s, y)
    return torch.where(y == 1, log_prob_one(s), log_prob_zero(s))


def loss_where(s: Float[Tensor, "N"], y: Int[Tensor, "N"]) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of the labels, in nats, selected with `torch.where`.

        loss = -mean_n log P(Y = y_n; s_n)

    Raises:
        ValueError: if the shapes differ.

    >>> loss_where(torch.tensor([0.0, 0.0]), torch.tensor([0, 1]))
    tensor(0.6931)
    """
    return -log_prob(s, y).mean()


def loss_bernoulli(s: Float[Tensor, "N"], y: Int[Tensor, "N"]) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of the labels, in nats, through `torch.distributions.Bernoulli`.

    Raises:
        ValueError: if the shapes differ.

    >>> loss_bernoulli(torch.tensor([0.0, 0.0]), torch.tensor([0, 1]))
    tensor(0.6931)
    """
    _require_one_label_each(s, y)
    # validate_args reads values, which a tensor that is being traced doesn't have.
    outcome = torch.distributions.Bernoulli(logits=s, validate_args=False)
    return -outcome.log_prob(y.to(s.dtype)).mean()


def loss_bce(s: Float[Tensor, "N"], y: Int[Tensor, "N"]) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of the labels, in nats, as binary cross-entropy with logits.

        loss = mean_n log(1 + exp(s_n)) - y_n s_n

    Raises:
        ValueError: if the shapes differ.

    >>> loss_bce(torch.tensor([0.0, 0.0]), torch.tensor([0, 1]))
    tensor(0.6931)
    """
    _require_one_label_each(s, y)
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype))


def _require_one_label_each(s: Tensor, y: Tensor) -> None:
    """Refuse logits [N, 1] beside labels [N]: they would broadcast to [N, N] and give a number all the same."""
    if s.shape != y.shape:
        raise ValueError(
            f"logits have shape {tuple(s.shape)!r}, labels {tuple(y.shape)!r}: every logit needs its own label. "
            "Take the last axis off the logits, `s[..., 0]`, if it has size one."
        )
