"""Høier, Staudt & Zach (2023), and the adjoint form of Høier et al. (2024): a unit is a pair `s+`, `s-` around the
drive of the way up, whose weighted mean goes up and whose difference comes down, in one sweep."""

import numpy as np

from compare import Case
from mathematics import Contrast, forward, per_layer, softmax, weights_and_thresholds
from network import classes, units, up


def expected(trial):
    W, h, top = trial["W"], trial.h, trial.top
    u, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    plus, minus = [trial.data] + [None] * top, [trial.data] + [None] * top
    nudge = h.beta * (x[top] - trial.target)
    plus[top], minus[top] = u[top] - h.up * nudge, u[top] + (1 - h.up) * nudge
    for l in range(top - 1, 0, -1):
        D = (plus[l + 1] - minus[l + 1]) @ W[l + 1]
        plus[l], minus[l] = np.tanh(u[l] + h.up * D), np.tanh(u[l] - (1 - h.up) * D)
    middle = [h.alpha * p + (1 - h.alpha) * m for p, m in zip(plus, minus)]
    difference = per_layer(Contrast, plus, minus)
    states = {"dyads.p": plus, "dyads.n": minus, "dyads.u": [None, *u[1:]]}
    return weights_and_thresholds(difference, middle, h.lr / h.beta), states


CASES = [Case("rules/dual_propagation", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "b": units}, expected,
              rule="DualPropagation", settings={"alpha": 0.25, "up": up_share, "beta": 0.5, "lr": 0.5}, target=classes)
         for up_share in (0.25, 0.75)]
