"""Webster, Choi & Ahn (2020): direct feedback that adds `x_l d_L^T` and decays as the forward weights do."""

import numpy as np

from compare import Case
from mathematics import d_tanh, forward, mean, outer, per_layer, softmax
from network import classes, from_output, units, up


def expected(trial):
    W, B, h = trial["W"], trial["B"], trial.h
    a, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    error = trial.target - x[-1]
    d = per_layer(lambda a, B: d_tanh(a) * (error @ B.T), a, B)
    d[-1] = error
    increments = {
        "W": per_layer(lambda d, x, W: h.lr * (outer(d, x) - h.lam * W), d, [None, *x[:-1]], W),
        "B": per_layer(lambda x, B: h.lr * (outer(x, error) - h.lam * B), x, B),
        "b": per_layer(lambda d: h.lr * mean(d), d),
    }
    return increments, {"forward.x": x, "backward.d": d}


CASES = [Case("rules/direct_kolen_pollack", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "B": from_output, "b": units},
              expected, settings={"lr": 0.5, "lam": 0.25}, target=classes)]
