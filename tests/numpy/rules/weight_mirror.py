"""Akrout et al. (2019): layers send noise up, and feedback weights learn from what comes of it, `dB = xi y^T - B`;
errors come down through them."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, looks_normal, outer, softmax, weights_and_thresholds
from network import classes, constant, down, once, units, up


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
    assert (trial["updates"][0] + 1) % h.every == 0, "the network looks into the mirror"
    increments["updates"] = [1] + [None] * top
    return increments, {"forward.x": x, "backward.d": d, "mirror.y": y}


def case(before, updates, **settings):
    return Case("rules/weight_mirror", "5 - 6 tanh - 4 tanh - 3 softmax",
                {"W": up, "B": down, "b": units, "updates": (once, constant(before))}, expected,
                settings={"lr": 0.5, "lr_b": 0.25} | settings, target=classes, samples=20, updates=updates)


CASES = [case(0, 2, every=1.0), case(5, 1, every=3.0)]
