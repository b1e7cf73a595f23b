"""Right answers in other forms."""

import numpy as np

from checker.spec import alternative, equivalent


@alternative("log_odds")
def by_einsum(w, b, x):
    return np.einsum("nd,d->n", x, w) + b


@alternative("log_loss")
def by_cases(s, y):
    return float(np.mean(np.maximum(s, 0) - y * s + np.log1p(np.exp(-np.abs(s)))))


@alternative("gradient")
def by_tanh(w, b, x, y):
    error = (1 + np.tanh((x @ w + b) / 2)) / 2 - y
    return (error[:, None] * x).mean(0), float(np.mean(error))


@alternative("descend")
def step_by_step(w, b, x, y, lr):
    error = 1 / (1 + np.exp(-(x @ w + b))) - y
    w = w.copy()
    w -= lr * (x.T @ error) / len(x)
    return w, b - lr * float(error.mean())


equivalent(
    "gradient",
    "return (x.T @ error / len(x), float(error.mean())) -> return (x.T @ error / len(x), error.mean())",
    "a NumPy scalar is a number as well",
)
equivalent(
    "log_loss",
    "return float(np.mean(np.logaddexp(0.0, s) - y * s)) -> return np.mean(np.logaddexp(0.0, s) - y * s)",
    "a NumPy scalar is a number as well",
)
equivalent(
    "log_loss",
    "return float(np.mean(np.logaddexp(0.0, s) - y * s)) -> return float(np.mean(np.logaddexp(s, 0.0) - y * s))",
    "a sum does not depend on its order",
)
