"""Exercise 6: how likely the labels are: the Bernoulli log-likelihood, from logits.

The network of exercise 5 ends in a logit s, any real number, which stands for the probability

    P(Y = 1) = sigmoid(s) = 1 / (1 + exp(-s)).

Training makes the labels that were seen as likely as it can, and works with the logarithm of that probability. The
formula on paper and the formula in floating point part here: in float32 the sigmoid of 20 rounds to 1 and that of -200
to 0, and log(0) is minus infinity, with no gradient that could lead back. So the sigmoid is never formed. Everything
here must be finite and accurate, value and gradient, for logits as far out as 10,000.

The labels y are int64 zeros and ones. All logarithms are natural ones.

Write each function, then run `xor-check exercise6`.
"""

import torch
from torch import Tensor


def log_prob_one(s: Tensor) -> Tensor:
    """Give log P(Y = 1) for each logit.

        log sigmoid(s) = min(s, 0) - log(1 + exp(-|s|))

    The form on the right takes exp only of numbers that are not positive, so that nothing overflows. The other
    functions of this exercise can be built on this one.

    Args:
        s: logits, of any shape.

    Returns:
        Log-probabilities, in the shape of `s`.

    >>> log_prob_one(torch.tensor([-10000.0, 0.0]))
    tensor([-1.0000e+04, -6.9315e-01])
    """
    raise NotImplementedError


def log_prob_zero(s: Tensor) -> Tensor:
    """Give log P(Y = 0) for each logit.

        log(1 - sigmoid(s)) = log sigmoid(-s)

    `log_prob` needs it for the examples of the other class.

    Args:
        s: logits, of any shape.

    Returns:
        Log-probabilities, in the shape of `s`.

    >>> log_prob_zero(torch.tensor([0.0, 10000.0]))
    tensor([-6.9315e-01, -1.0000e+04])
    """
    raise NotImplementedError


def log_prob(s: Tensor, y: Tensor) -> Tensor:
    """Give log P(Y = y), for each logit and its label.

        log P(Y = y) = y log P(Y = 1) + (1 - y) log P(Y = 0)

    The losses below are its mean with the sign changed.

    Args:
        s: logits, of any shape.
        y: labels, int64 zeros and ones, in the shape of `s`.

    Returns:
        Log-probabilities, in the shape of `s`.

    >>> log_prob(torch.tensor([2.0, 2.0]), torch.tensor([1, 0]))
    tensor([-0.1269, -2.1269])
    """
    raise NotImplementedError


def loss_where(s: Tensor, y: Tensor) -> Tensor:
    """Give the mean negative log-likelihood of the labels, built with `torch.where`.

        loss = -mean_n log P(Y = y_n)

    `torch.where` takes each entry from the one tensor or the other. Both are computed, for every example: if the one
    that is not taken is infinite, its gradient spoils the result all the same.

    From exercise 7 on, training means to make this number small.

    Args:
        s: logits, [N], N >= 1.
        y: labels, [N], int64 zeros and ones.

    Returns:
        The loss, a scalar.

    >>> loss_where(torch.tensor([0.0, 2.0]), torch.tensor([1, 0]))
    tensor(1.4100)
    """
    raise NotImplementedError


def loss_bernoulli(s: Tensor, y: Tensor) -> Tensor:
    """Give the mean negative log-likelihood of the labels, through `torch.distributions.Bernoulli`.

    A distribution is an object that knows its log-probabilities. This one is made from probabilities or from logits;
    only from logits does it keep clear of the sigmoid. You will write losses in this way where no ready-made one
    exists; here it must agree with the other two.

    Args:
        s: logits, [N], N >= 1.
        y: labels, [N], int64 zeros and ones.

    Returns:
        The loss, a scalar.

    >>> loss_bernoulli(torch.tensor([0.0, 2.0]), torch.tensor([1, 0]))
    tensor(1.4100)
    """
    raise NotImplementedError


def loss_bce(s: Tensor, y: Tensor) -> Tensor:
    """Give the mean negative log-likelihood of the labels, as binary cross-entropy with logits.

        loss = mean_n log(1 + exp(s_n)) - y_n s_n

    PyTorch has it ready-made under this name, and this is the loss that exercises 7 and 8 train with.

    Args:
        s: logits, [N], N >= 1.
        y: labels, [N], int64 zeros and ones.

    Returns:
        The loss, a scalar.

    >>> loss_bce(torch.tensor([0.0, 2.0]), torch.tensor([1, 0]))
    tensor(1.4100)
    """
    raise NotImplementedError
