"""Akrout et al. (2019): layers send noise up, and feedback weights learn from what comes of it, `dB = xi y^T - B`;
errors come down through them."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, looks_normal, outer, softmax, weights_and_thresholds
from network import classes, down, units, up


def expected(trial):
    W, B, h, top = trial["W"], trial["B"], trial.h, trial.top
    a, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    d = backward(B, a, trial.target - x[-1], d_tanh)
    increments = weights_and_thresholds(d, x, h.lr)
    xi = trial.drawn("mirror.xi")
    looks_normal(np.concatenate(xi[1:top], 1))
    # The noise goes up through the weights as they have just become.
    y = [None, None] + [xi[l - 1] @ (W[l] + increments["W"][l]).T for l in range(2, top + 1)]
    increments["B"] = [None, None] + [h.lr_b * (outer(xi[l - 1], y[l]) - B[l]) for l in range(2, top + 1)]
    return increments, {"forward.x": x, "backward.d": d, "mirror.y": y}


CASES = [Case("rules/weight_mirror", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "B": down, "b": units}, expected,
              settings={"lr": 0.5, "lr_b": 0.25}, target=classes, samples=20)]
