"""Widrow & Lehr (1990), Werfel et al. (2005): every unit's drive gets noise `sigma xi`, and `dW = -(C' - C) / sigma xi
x^T`."""

import numpy as np

from compare import Case
from mathematics import Contrast, forward, looks_normal, mean, outer, softmax
from network import classes, units, up


def expected(trial):
    W, b, h = trial["W"], trial["b"], trial.h
    _, x = forward(W, b, trial.data, np.tanh, softmax)
    xi = trial.drawn("noisy.xi")
    looks_normal(np.concatenate([noise for noise in xi if noise is not None], 1))
    _, z = forward(W, [None] + [b[l] + h.sigma * xi[l] for l in range(1, trial.top + 1)], trial.data, np.tanh, softmax)
    C, noisy_C = (-(trial.target * np.log(y[-1])).sum(1, keepdims=True) for y in (x, z))
    better = [None] + [h.lr / h.sigma * Contrast(C * xi[l], noisy_C * xi[l]) for l in range(1, trial.top + 1)]
    increments = {"W": [None] + [outer(better[l], x[l - 1]) for l in range(1, trial.top + 1)],
                  "b": [None] + [mean(better[l]) for l in range(1, trial.top + 1)]}
    return increments, {"clean.x": x, "noisy.z": z}


CASES = [Case("rules/node_perturbation", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "b": units}, expected,
              settings={"sigma": 0.25, "lr": 0.5}, target=classes, samples=20)]
