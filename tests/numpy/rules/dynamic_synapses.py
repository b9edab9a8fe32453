"""Tsodyks, Pawelzik & Markram (1998), from spike to spike: a spike finds `u` and `x`, releases `(u + U (1 - u)) x`, and in the
time to the next one both recover exponentially.

Images of zeros and ones at `rate = 1` leave nothing to chance.
"""

import numpy as np

from compare import Case
from mathematics import mean, outer, softmax
from network import bernoulli, classes, gaussian, output, units, up


def released(spikes, h):
    """What a sender releases at each step of one sequence."""
    release, u, x, last = np.zeros(len(spikes)), h.U, 1.0, None
    for t in np.flatnonzero(spikes):
        if last is not None:
            u, x = (to + (value - to) * (1 - 1 / tau) ** (t - last) for value, to, tau in ((u, h.U, h.tf), (x, 1, h.td)))
        u += h.U * (1 - u)
        release[t] = u * x
        x -= release[t]
        last = t
    return release


def expected(trial):
    h, W, b = trial.h, trial["W"][1], trial["b"][1]
    steps = trial.data.shape[1]
    release = np.array([[released(train, h) for train in sample.T] for sample in trial.data])
    fading = h.kap ** np.arange(steps)[::-1]
    sent = release @ fading
    y = sent @ W.T + b * fading.sum()
    error = trial.target[:, -1] - softmax(y)
    increments = {"W": [None, h.lr * outer(error, sent)], "b": [None, h.lr * fading.sum() * mean(error)]}
    return increments, {"listen.y": [None, y], "listen.z": [trial.data[:, -1], None]}


CASES = [Case("rules/dynamic_synapses", "8 - 3 softmax", {"W": (up, gaussian(0.5)), "b": output(units)}, expected,
              data=bernoulli(0.4), target=classes, steps=12,
              settings={"U": 0.25, "tf": 4.0, "td": 8.0, "kap": 0.875, "rate": 1.0, "lr": 0.5})]
