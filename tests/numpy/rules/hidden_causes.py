"""Nessler et al. (2013), Keck, Savin & Lücke (2012): the posterior of a mixture of Poisson laws has one unit spike, and
`dW = y (x e^-W - 1)`; `log p(x | k)` is here the sum of the logarithms of the laws themselves, without what all causes share."""

import numpy as np

from compare import Case
from mathematics import Contrast, looks_counted, looks_drawn, mean, outer, softmax
from network import classes, hidden, output, uniform, units, up


def expected(trial):
    h, W, R, b, c = trial.h, trial["W"][1], trial["R"][2], trial["b"][1], trial["c"][2]
    rate = np.log1p(np.exp(h.gain * trial.data + h.background))
    x, y = trial.drawn("respond.x")[0], trial.drawn("respond.y")[1]
    looks_counted(x, rate)
    causes = np.exp(W)
    likelihood = (x[:, None] * np.log(causes) - causes).sum(2)
    posterior = softmax(likelihood + b)
    assert (y.sum(1) == 1).all(), "one unit spikes"
    looks_drawn(y, posterior)
    guess = softmax(posterior @ R.T + c)
    error = trial.target - guess
    dW = Contrast(outer(y, x) / causes, np.repeat(mean(y)[:, None], x.shape[1], 1))
    db = Contrast(np.full(b.shape, 1 / len(b)), mean(y))
    increments = {"W": [None, h.lr * dW, None], "b": [None, h.lr_b * db, None],
                  "R": [None, None, h.lr_out * outer(error, posterior)], "c": [None, None, h.lr_out * mean(error)]}
    return increments, {"respond.r": [rate, None, None], "respond.x": [None, posterior, guess],
                        "respond.u": [None, likelihood + b, None]}


CASES = [Case("rules/hidden_causes", "5 - 4 identity - 3 softmax",
              {"W": (hidden(up), uniform(-1, 1)), "b": hidden(units), "R": output(up), "c": output(units)}, expected,
              settings={"gain": 1.0, "background": 1.0, "lr": 0.25, "lr_b": 0.5, "lr_out": 0.5}, target=classes,
              samples=100)]
