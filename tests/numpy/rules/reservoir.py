"""Jaeger (2001): a fixed recurrent network goes through time, and its readout learns at the end by the delta rule."""

import numpy as np

from compare import Case
from mathematics import mean, outer, softmax
from network import classes, hidden, lateral, output, units, up


def expected(trial):
    h, (_, W_in, W_out), R, b = trial.h, trial["W"], trial["R"][1], trial["b"][2]
    x = np.zeros((trial.samples, len(W_in)))
    for t in range(trial.data.shape[1]):
        x = (1 - h.a) * x + h.a * np.tanh(trial.data[:, t] @ W_in.T + x @ R.T)
    y = softmax(x @ W_out.T + b)
    error = trial.target[:, -1] - y
    increments = {"W": [None, None, h.lr * outer(error, x)], "b": [None, None, h.lr * mean(error)]}
    return increments, {"run.x": [trial.data[:, -1], x, y]}


CASES = [Case("rules/reservoir", "5 - 6 tanh - 3 softmax", {"W": up, "R": hidden(lateral), "b": output(units)}, expected,
              settings={"a": 0.25, "lr": 0.5}, target=classes, steps=8)]
