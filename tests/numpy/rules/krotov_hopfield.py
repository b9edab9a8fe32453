"""Krotov & Hopfield (2019): the winner by `I = sum sign(W) |W|^(p-1) v` turns to the pattern and the k-th away from it,
`dW = g (v - I W)`; below a classifier by the delta rule."""

import numpy as np

from compare import Case
from mathematics import mean, outer, relu, softmax
from network import classes, hidden, output, units, up


def expected(trial):
    h, v, W, R, b = trial.h, trial.data, trial["W"][1], trial["R"][2], trial["b"][2]
    current = v @ (np.sign(W) * np.abs(W) ** (h.p - 1)).T
    order = np.argsort(-current, axis=1)
    g, samples = np.zeros_like(current), np.arange(len(v))
    g[samples, order[:, 0]], g[samples, order[:, h.k - 1]] = 1, -h.delta
    x = (relu(current) / current.max(1, keepdims=True)) ** h.n
    y = softmax(x @ R.T + b)
    error = trial.target - y
    dW = h.lr * (outer(g, v) - mean(g * current)[:, None] * W)
    increments = {"W": [None, dW, None], "R": [None, None, h.lr_out * outer(error, x)],
                  "b": [None, None, h.lr_out * mean(error)]}
    return increments, {"respond.x": [v, x, y], "respond.g": [None, g, None]}


CASES = [Case("rules/krotov_hopfield", "5 - 7 relu - 3 softmax", {"W": hidden(up), "R": output(up), "b": output(units)},
              expected, settings={"p": 3, "k": 3, "delta": 0.25, "n": 5, "lr": 0.5, "lr_out": 0.5}, target=classes)]
