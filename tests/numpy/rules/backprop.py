"""Rumelhart, Hinton & Williams (1986): `d_L = p - y` after softmax and cross-entropy, `d_l = f'(a_l) * W^T d_(l+1)`."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, per_layer, softmax, transposed, weights_and_thresholds
from network import classes, units, up


def expected(trial):
    W, b = trial["W"], trial["b"]
    a, x = forward(W, b, trial.data, np.tanh, softmax)
    d = backward(transposed(W), a, x[-1] - trial.target, d_tanh)
    minus_d = per_layer(np.negative, d)
    states = {"forward.a": [None, *a[1:]], "forward.x": x, "backward.d": minus_d}
    return weights_and_thresholds(d, x, -trial.h.lr), states


CASES = [Case("backprop", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "b": units}, expected, rule="Backprop",
              settings={"lr": 0.5}, target=classes)]
