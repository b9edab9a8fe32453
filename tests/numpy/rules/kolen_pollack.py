"""Kolen & Pollack (1994): W and B add the same product, transposed, and decay alike."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, mean, outer, per_layer, softmax
from network import classes, down, units, up


def expected(trial):
    W, B, h = trial["W"], trial["B"], trial.h
    a, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    d = backward(B, a, trial.target - x[-1], d_tanh)
    product = per_layer(outer, d, [None, *x[:-1]])
    increments = {
        "W": per_layer(lambda G, W: h.lr * (G - h.lam * W), product, W),
        "B": per_layer(lambda G, B: h.lr * (G.T - h.lam * B), product, B),
        "b": per_layer(lambda d: h.lr * mean(d), d),
    }
    return increments, {"forward.x": x, "backward.d": d}


CASES = [Case("rules/kolen_pollack", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "B": down, "b": units}, expected,
              settings={"lr": 0.5, "lam": 0.25}, target=classes)]
