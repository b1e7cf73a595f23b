"""How exercise 6 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch

from checker.spec import Tolerance, check, differentiates, labels, stable, tensor

ACCURATE = {torch.float32: Tolerance(1e-4, absolute=2e-6), torch.float64: Tolerance(1e-8, absolute=1e-8)}

LIKELIHOOD = [
    f"xorfunc.likelihood.{name}"
    for name in ("log_prob_one", "log_prob_zero", "log_prob", "loss_where", "loss_bernoulli", "loss_bce")
]

# Logits are never exactly 0: right answers such as `s.clamp(max=0) - log1p(exp(-s.abs()))` have a kink there.
# Ordinary ones stay within 4 of it: further out, y * s - softplus(s) loses more to rounding than is allowed.


check(
    "log_prob_one",
    s=tensor("...", zero=False),
    least={"...": 0},
    tolerances=ACCURATE,
    laws=[differentiates("s"), stable("s")],
    off_limits=LIKELIHOOD,
    hints=[
        "log(sigmoid(s)) is right on paper. What are sigmoid(-200.0) and its logarithm in float32?",
        "Never form the sigmoid: log sigmoid(s) = min(s, 0) - log(1 + exp(-|s|)), and torch.log1p(z) is log(1 + z).",
        "torch.nn.functional has this function: look for the name that says log and sigmoid in one word.",
    ],
)


check(
    "log_prob_zero",
    s=tensor("...", zero=False),
    least={"...": 0},
    tolerances=ACCURATE,
    laws=[differentiates("s"), stable("s")],
    off_limits=LIKELIHOOD,
    hints=[
        "1 - sigmoid(20.0) is 0 in float32. Can you write 1 - sigmoid(s) without a subtraction?",
        "1 - sigmoid(s) = sigmoid(-s). Which function do you have for the logarithm of a sigmoid?",
        "log_prob_one(-s)",
    ],
)


check(
    "log_prob",
    s=tensor("...", zero=False),
    y=labels("..."),
    least={"...": 0},
    tolerances=ACCURATE,
    laws=[differentiates("s"), stable("s")],
    off_limits=LIKELIHOOD,
    hints=[
        "You have both log-probabilities already: each example needs the one that its label asks for.",
        "Multiply one by y and the other by 1 - y, and add. Or choose between them with torch.where(y == 1, ..., ...).",
        "y * log_prob_one(s) + (1 - y) * log_prob_zero(s)",
    ],
)

check(
    "loss_where",
    s=tensor("N", zero=False),
    y=labels("N"),
    tolerances=ACCURATE,
    laws=[differentiates("s"), stable("s")],
    off_limits=LIKELIHOOD,
    hints=[
        "torch.where(condition, a, b) takes from a where the condition is true, and from b elsewhere.",
        "The condition is y == 1; a and b are the two log-probabilities, of every example.",
        "Mean and negative: a loss is small where the labels are likely.",
    ],
)

check(
    "loss_bernoulli",
    s=tensor("N", zero=False),
    y=labels("N"),
    tolerances=ACCURATE,
    laws=[differentiates("s"), stable("s")],
    off_limits=LIKELIHOOD,
    hints=[
        "torch.distributions.Bernoulli takes probs or logits. Which of the two do you have? Name it in the call.",
        "Its log_prob takes the labels as floats, of the dtype of the logits: y.to(s.dtype).",
        "Bernoulli(logits=s).log_prob(...) is [N]: what is left are the mean and the sign.",
    ],
)

check(
    "loss_bce",
    s=tensor("N", zero=False),
    y=labels("N"),
    tolerances=ACCURATE,
    laws=[differentiates("s"), stable("s")],
    off_limits=LIKELIHOOD,
    hints=[
        "torch.nn.functional has two binary cross-entropies: one takes probabilities, the other says `with_logits`.",
        "The logits come first, the labels second. Labels are floats there, of the dtype of the logits: y.to(s.dtype).",
        "It takes the mean, with the right sign, by itself.",
    ],
)
