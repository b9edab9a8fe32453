"""Bell & Sejnowski (1995), Amari, Cichocki & Yang (1996): `dW = (1 - <y u^T>) W`, the natural gradient of infomax, on a
mixture of sources with `P(s) ~ e^-|s|`."""

import numpy as np

from compare import Case
from mathematics import Contrast, looks_drawn, sigmoid
from network import up


def looks_laplacian(values):
    """Signs are equally likely, and the size is as often above `log 2` as below: a fair coin each; mean and square of it
    are 1 and 2."""
    size, count = np.abs(values), values.size
    for coins in (values > 0, size > np.log(2)):
        looks_drawn(coins * 1.0, np.full(values.shape, 0.5))
    assert abs(size.mean() - 1) < 6 / np.sqrt(count), "the mean size of what is drawn is not 1"
    assert abs((size**2).mean() - 2) < 6 * np.sqrt(20 / count), "the variance of what is drawn is not 2"


def expected(trial):
    _, A, _ = trial["A"]
    W, s = trial["W"][2], trial.drawn("sources.s")[0]
    looks_laplacian(s)
    x = s @ A.T
    u = x @ W.T
    # The derivative of log y', where y = sigmoid(u), is 1 - 2 sigmoid(u).
    y = 2 * sigmoid(u) - 1
    dW = trial.h.lr * Contrast(W, y.T @ u / len(u) @ W)
    return {"W": [None, None, dW]}, {"sources.x": [None, x, None], "separate.u": [None, None, u],
                                     "separate.y": [None, None, y]}


def to_hidden(chain):
    """Nothing reads what the output's sources would be mixed by."""
    return [(1, "input->h1", (chain.sizes[1], chain.sizes[0]))]


CASES = [Case("rules/infomax", "4 - 4 - 4", {"A": to_hidden, "W": up}, expected, settings={"lr": 0.5}, samples=200)]
