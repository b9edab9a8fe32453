"""Jayakumar et al. (2020), by units: backpropagation through the `k` strongest weights of each row, found by sorting; more of them
learn."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, per_layer, softmax, transposed, weights_and_thresholds
from network import classes, units, up


def strongest(count):
    """1 at the largest magnitudes of each row."""
    def mask(w):
        found = np.zeros_like(w)
        np.put_along_axis(found, np.argsort(-np.abs(w), axis=1, kind="stable")[:, :count], 1, axis=1)
        return found
    return mask


def expected(trial):
    h, W = trial.h, trial["W"]
    inside, wider = per_layer(strongest(h.k), W), per_layer(strongest(h.k + h.explore), W)
    used = per_layer(np.multiply, W, inside)
    a, x = forward(used, trial["b"], trial.data, np.tanh, softmax)
    d = per_layer(np.negative, backward(transposed(used), a, x[-1] - trial.target, d_tanh))
    added = weights_and_thresholds(d, x, h.lr)
    decay = per_layer(lambda w, inside, wider: w * (inside + (wider - inside) / h.density), W, inside, wider)
    added["W"] = per_layer(lambda g, wider, decay: g * wider - h.lr * h.decay * decay, added["W"], wider, decay)
    return added, {"forward.x": x, "backward.d": d}


CASES = [Case("rules/strongest_synapses", "7 - 8 tanh - 6 tanh - 3 softmax", {"W": up, "b": units}, expected, rule="StrongestSynapses",
              target=classes, settings={"lr": 0.5, "k": 3, "explore": 2, "decay": 0.125, "density": 0.25})]
