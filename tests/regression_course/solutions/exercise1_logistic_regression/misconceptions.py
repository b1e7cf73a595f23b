"""Mistakes that are made in logistic regression."""

import numpy as np

from checker.spec import misconception


@misconception("log_odds", "The bias belongs to the log-odds, too: add b.")
def no_bias(w, b, x):
    return x @ w


@misconception("log_odds", "These are probabilities: the log-odds come before the sigmoid.")
def probabilities(w, b, x):
    return 1 / (1 + np.exp(-(x @ w + b)))


@misconception("log_loss", "This is the sum over examples: the loss is their mean.")
def summed(s, y):
    return float(np.sum(np.logaddexp(0.0, s) - y * s))


@misconception("log_loss", "np.exp(s) overflows where s is large: np.logaddexp(0, s) is log(1 + exp(s)) for every s.")
def overflowing(s, y):
    with np.errstate(all="ignore"):
        return float(np.mean(np.log(1 + np.exp(s)) - y * s))


@misconception("gradient", "This is the gradient of the sum: the loss is a mean, so divide by N.")
def of_the_sum(w, b, x, y):
    error = 1 / (1 + np.exp(-(x @ w + b))) - y
    return x.T @ error, float(error.sum())


@misconception("gradient", "The error is p - y: with y - p the step goes uphill.")
def sign_turned(w, b, x, y):
    error = y - 1 / (1 + np.exp(-(x @ w + b)))
    return x.T @ error / len(x), float(error.mean())


@misconception("descend", "This climbs: the gradient points uphill, so it is taken away.")
def uphill(w, b, x, y, lr):
    dw, db = gradient(w, b, x, y)
    return w + lr * dw, b + lr * db


@misconception("descend", "`-=` changes the caller's weights: w - lr * dw is a new array.")
def in_place(w, b, x, y, lr):
    dw, db = gradient(w, b, x, y)
    w -= lr * dw
    return w, b - lr * db


def gradient(w, b, x, y):
    error = 1 / (1 + np.exp(-(x @ w + b))) - y
    return x.T @ error / len(x), float(error.mean())
