"""What is asked of logistic regression."""

import torch

from checker.spec import Tolerance, array, check, number, seen_by


def finite_where_odds_are_extreme(answer, s, y):
    """Gives a finite loss for log-odds of a thousand"""
    return answer.log_loss(1000 * s, (y > 0).astype(y.dtype))


def loss_of_labels(answer, s, y):
    return answer.log_loss(s, (y > 0).astype(y.dtype))


def gradient_of_labels(answer, w, b, x, y):
    return answer.gradient(w, b, x, (y > 0).astype(y.dtype))


def descend_with_labels(answer, w, b, x, y, lr):
    return answer.descend(w, b, x, (y > 0).astype(y.dtype), lr)


check(
    "log_odds",
    w=array("D"),
    b=number(-2.0, 2.0),
    x=array("N D"),
    hints=["Which product of `x` and `w` sums over D?", "x @ w + b"],
)

check(
    "log_loss",
    s=array("N"),
    y=array("N"),
    trial=loss_of_labels,
    laws=[seen_by(finite_where_odds_are_extreme)],
    hints=[
        "np.exp(1000.0) is inf. Which function of NumPy adds exponentials without leaving logarithms?",
        "np.logaddexp",
    ],
)

# p - y cancels where p is near y, and how much of it is left depends on how the sigmoid is written.
ERRORS = {torch.float32: Tolerance(1e-4, absolute=1e-5)}

check(
    "gradient",
    w=array("D"),
    b=number(-2.0, 2.0),
    x=array("N D"),
    y=array("N"),
    trial=gradient_of_labels,
    tolerances=ERRORS,
    hints=["The error of example n is p_n - y_n.", "x.T @ error sums over examples; a mean divides by N."],
)

check(
    "descend",
    w=array("D"),
    b=number(-2.0, 2.0),
    x=array("N D"),
    y=array("N"),
    lr=number(0.1, 1.0),
    trial=descend_with_labels,
    tolerances=ERRORS,
    hints=["The gradient points uphill.", "w - lr * dw, and the same for b, as new values."],
)
