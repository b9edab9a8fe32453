"""Whittington & Bogacz (2017): `mu_l = W_l f(x_(l-1)) + b_l`, errors `(x_l - mu_l) / v_l`, and value units that relax;
and the fixed predictions of Millidge et al. (2022), where one sweep from the output down is backpropagation.

The first is written with the free energy `F = sum_l |x_l - mu_l|^2 / (2 v_l)`: values and weights descend its slope.
"""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer, per_layer
from network import units, up
from optimisers import adam_memories, chosen, with_adam


def f(x, layer):
    """What a layer says: the input says what it is."""
    return x if layer == 0 else np.tanh(x)


def predicted(W, b, x, l):
    return f(x[l - 1], l - 1) @ W[l].T + b[l]


def way_up(trial):
    x = [trial.data]
    for l in range(1, trial.top + 1):
        x.append(predicted(trial["W"], trial["b"], x, l))
    return x


def errors(trial, x, variance):
    mu = [None] + [predicted(trial["W"], trial["b"], x, l) for l in range(1, trial.top + 1)]
    e = per_layer(np.subtract, x, mu)
    e[-1] = e[-1] / variance
    return e


def slope(trial, x, e, l):
    """`dF/dx_l` of a hidden layer."""
    return e[l] - d_tanh(x[l]) * (e[l + 1] @ trial["W"][l + 1])


def relaxed(trial):
    h, hidden = trial.h, range(1, trial.top)
    first = way_up(trial)
    x = [*first[:-1], trial.target]
    for _ in range(h.T):
        e = errors(trial, x, h.v)
        x = [trial.data] + [x[l] - h.gamma * slope(trial, x, e, l) for l in hidden] + [trial.target]
    e = errors(trial, x, h.v)
    layers = range(1, trial.top + 1)
    gradients = {"W": [None] + [h.v * outer(e[l], f(x[l - 1], l - 1)) for l in layers],
                 "b": [None] + [h.v * mean(e[l]) for l in layers]}
    increments = with_adam(trial, gradients, chosen("predictive_coding", "digits"))
    return increments, {"predict.x": first, "infer.x": x}


def fixed(trial):
    h, first = trial.h, way_up(trial)
    e = [None] * trial.top + [trial.target - first[-1]]
    for l in range(trial.top - 1, 0, -1):
        e[l] = h.gamma * d_tanh(first[l]) * (e[l + 1] @ trial["W"][l + 1])
    x = [trial.data] + [first[l] + e[l] for l in range(1, trial.top + 1)]
    error, layers = per_layer(Contrast, x, first), range(1, trial.top + 1)
    increments = {"W": [None] + [h.lr * outer(error[l], f(first[l - 1], l - 1)) for l in layers],
                  "b": [None] + [h.lr * mean(error[l]) for l in layers]}
    return increments, {"predict.x": first, "infer.x": x}


NETWORK, PLACES = "5 - 6 tanh - 4 tanh - 3", {"W": up, "b": units}
CASES = [
    Case("predictive_coding", NETWORK, adam_memories(PLACES), relaxed, rule="PredictiveCoding",
         settings={"gamma": 0.125, "T": 12, "v": 4.0}),
    Case("predictive_coding", NETWORK, PLACES, fixed, rule="FixedPredictionPC", settings={"gamma": 0.75, "lr": 0.5}),
]
