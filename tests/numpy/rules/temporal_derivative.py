"""Hinton (2007), Bengio et al. (2015): the output moves down the cost, each layer below follows, and weights learn from
how the activity of the receiving unit changes, `x_l(1) = f(a_l + W_(l+1)^T (x_(l+1)(1) - x_(l+1)(0)))`."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, forward, per_layer, softmax, weights_and_thresholds
from network import classes, units, up


def moved(trial, a, x, step):
    """The activities after the output has moved by so much."""
    W, after = trial["W"], [None] * (trial.top + 1)
    after[-1] = x[-1] + step
    for l in range(trial.top - 1, 0, -1):
        after[l] = np.tanh(a[l] + (after[l + 1] - x[l + 1]) @ W[l + 1])
    return after


def one_side(trial):
    a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, softmax)
    after = moved(trial, a, x, -trial.h.eps * (x[-1] - trial.target))
    change = per_layer(Contrast, after, x)
    return weights_and_thresholds(change, x, trial.h.lr / trial.h.eps), {"move.x": [None, *after[1:]]}


def both_sides(trial):
    a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, np.tanh)
    slope = d_tanh(a[-1]) * (x[-1] - trial.target)
    down, up = (moved(trial, a, x, side * trial.h.eps * slope) for side in (-1, 1))
    change = per_layer(Contrast, down, up)
    return weights_and_thresholds(change, x, trial.h.lr / (2 * trial.h.eps)), {"down.x": [None, *down[1:]]}


PARAMETERS, SETTINGS = {"W": up, "b": units}, {"eps": 0.5, "lr": 0.5}
CASES = [
    Case("rules/temporal_derivative", "5 - 6 tanh - 4 tanh - 3 softmax", PARAMETERS, one_side, rule="TemporalDerivative",
         settings=SETTINGS, target=classes),
    Case("rules/temporal_derivative", "5 - 6 tanh - 4 tanh - 3 tanh", PARAMETERS, both_sides,
         rule="CentredTemporalDerivative", settings=SETTINGS),
]
