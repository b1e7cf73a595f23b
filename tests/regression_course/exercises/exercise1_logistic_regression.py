"""Exercise 1: logistic regression, with NumPy alone.

A linear function of the inputs gives the log-odds of a class. Its weights are found by descending the mean negative
log-likelihood, whose gradient has a form that one can read: inputs times errors.
"""

import numpy as np
from numpy.typing import NDArray


def log_odds(w: NDArray[np.floating], b: float, x: NDArray[np.floating]) -> NDArray[np.floating]:
    """The log-odds of class 1 for each row of x.

        s_n = sum_d x_nd w_d + b

    Args:
        w: weights `[D]`.
        b: bias.
        x: inputs `[N, D]`.

    >>> log_odds(np.array([1.0, 2.0]), 0.5, np.array([[1.0, 1.0], [0.0, -1.0]])).tolist()
    [3.5, -1.5]
    """
    raise NotImplementedError


def log_loss(s: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """The mean negative log-likelihood of labels y, each 0 or 1, in nats.

        loss = 1/N sum_n log(1 + exp(s_n)) - y_n s_n

    It is finite for every finite s: np.logaddexp never forms exp(s).

    >>> round(log_loss(np.array([0.0, 1000.0]), np.array([1.0, 1.0])), 4)
    0.3466
    """
    raise NotImplementedError


def gradient(
    w: NDArray[np.floating], b: float, x: NDArray[np.floating], y: NDArray[np.floating]
) -> tuple[NDArray[np.floating], float]:
    """The gradient of the log-loss of `log_odds(w, b, x)` in w `[D]` and in b.

        dw_d = 1/N sum_n x_nd (p_n - y_n)     db = 1/N sum_n p_n - y_n     p_n = 1 / (1 + exp(-s_n))

    >>> dw, db = gradient(np.zeros(1), 0.0, np.array([[2.0], [4.0]]), np.array([1.0, 0.0]))
    >>> dw.tolist(), db
    ([0.5], 0.0)
    """
    raise NotImplementedError


def descend(
    w: NDArray[np.floating], b: float, x: NDArray[np.floating], y: NDArray[np.floating], lr: float
) -> tuple[NDArray[np.floating], float]:
    """Weights and bias after one step down the gradient: new ones, the old are left as they are.

    >>> w, b = descend(np.zeros(1), 0.0, np.array([[2.0], [4.0]]), np.array([1.0, 0.0]), lr=1.0)
    >>> w.tolist(), b
    ([-0.5], 0.0)
    """
    raise NotImplementedError
