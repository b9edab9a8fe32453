"""Pehlevan, Hu & Chklovskii (2015): answers that settle, `dy/dt = W x - M y`; `dW = y x^T - W`, `dM = (y y^T - M) /
tau`."""

import numpy as np

from compare import Case
from mathematics import outer
from network import lateral, up

MOST, STILL = 300, 1e-4


def expected(trial):
    h, W, M, x = trial.h, trial["W"][1], trial["M"][1], trial.h.gain * trial.data
    y, moved, steps = np.zeros((len(x), len(W))), np.inf, 0
    while steps < MOST and moved >= STILL:
        change = h.h * (x @ W.T - y @ M.T)
        y, moved, steps = y + change, np.abs(change).max(), steps + 1
    increments = {"W": [None, h.lr * (outer(y, x) - W)], "M": [None, h.lr / h.tau * (outer(y, y) - M)]}
    return increments, {"settle.y": [x, y]}


def overlaps(random, shape):
    """One and a little more."""
    return np.eye(*shape) + 0.1 * random.standard_normal(shape)


CASES = [Case("rules/similarity_matching", "5 - 3", {"W": up, "M": (lateral, overlaps)}, expected,
              settings={"gain": 0.5, "h": 0.25, "tau": 0.5, "lr": 0.25})]
