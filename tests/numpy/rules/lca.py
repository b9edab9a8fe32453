"""Rozell et al. (2008), Olshausen & Field (1996): sparse answers `y` to what is left of the input, until nothing
changes any more; `dW = y e^T - lam |y| W`."""

import numpy as np

from compare import Case
from mathematics import mean, outer
from network import gaussian, up

MOST, DT, STILL = 100, 0.1, 1e-3


def shrink(v, lam):
    return np.sign(v) * np.maximum(np.abs(v) - lam, 0)


def expected(trial):
    h, x, W = trial.h, trial.data, trial["W"][1]
    v, moved, steps = np.zeros((len(x), len(W))), np.inf, 0
    # In the competition of Rozell et al. units inhibit each other by the overlap of what they stand for.
    drive, inhibition = x @ W.T, W @ W.T - np.eye(len(W))
    while steps < MOST and moved >= STILL:
        change = DT * (drive - v - shrink(v, h.lam) @ inhibition)
        v, moved, steps = v + change, np.abs(change).max(), steps + 1
    y = shrink(v, h.lam)
    dW = outer(y, x - y @ W) - h.lam * mean(np.abs(y))[:, None] * W
    return {"W": [None, h.lr * dW]}, {"compete.v": [x, v]}


CASES = [Case("rules/lca", "5 - 7", {"W": (up, gaussian(0.3))}, expected, settings={"lam": 0.125, "lr": 0.5})]
