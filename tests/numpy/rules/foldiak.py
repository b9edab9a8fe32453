"""Földiák (1990): lateral inhibition by an anti-Hebbian rule, `dL = -alpha (<y y^T> - p^2)`, never above 0 and without
self-connections; Hebbian features and thresholds."""

import numpy as np

from compare import Case
from mathematics import mean, outer, sigmoid
from network import lateral, uniform, units, up

STEPS, DT, GAIN = 20, 0.3, 10


def expected(trial):
    h, x, Q, L, t = trial.h, trial.data, trial["Q"][1], trial["L"][1], trial["t"][1]
    s = np.zeros((len(x), len(Q)))
    for _ in range(STEPS):
        s = s + DT * (sigmoid(GAIN * (x @ Q.T + s @ L.T - t)) - s)
    y = (s > 0.5) * 1.0
    dQ = h.beta * (outer(y, x) - mean(y)[:, None] * Q)
    increments = {"Q": [None, dQ], "L": [None, -h.alpha * off_diagonal(outer(y, y) - h.p**2)], "t": [None, h.gamma * (mean(y) - h.p)]}
    return increments, {"settle.s": [None, s], "fire.y": [x, y]}


def off_diagonal(matrix):
    return matrix * (1 - np.eye(len(matrix)))


def inhibition(new):
    return np.clip(off_diagonal(new), -100, 0)


def negative(random, shape):
    return inhibition(-random.uniform(0, 0.25, shape))


def others(_random, shape):
    return 1 - np.eye(*shape)


CASES = [Case("rules/foldiak", "5 - 4", {"Q": (up, uniform(0, 0.5)), "L": (lateral, negative), "L.other": (lateral, others),
                                         "t": (units, uniform(-0.25, 0.25))}, expected, samples=10,
              settings={"p": 0.25, "alpha": 0.5, "beta": 0.25, "gamma": 0.25}, bounds={"L": inhibition})]
