"""Frenkel, Lefebvre & Bol (2021): hidden layers hear the target alone, `d_l = f'(a_l) * (B_l y)`."""

import numpy as np

from compare import Case
from mathematics import d_tanh, forward, per_layer, softmax, weights_and_thresholds
from network import classes, from_output, units, up


def expected(trial):
    h = trial.h
    a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, softmax)
    d = per_layer(lambda a, B: d_tanh(a) * (trial.target @ B.T), a, trial["B"])
    d[-1] = trial.target - x[-1]
    scaled = [None] + [(h.lr_out if l == trial.top else h.lr) * d[l] for l in range(1, trial.top + 1)]
    return weights_and_thresholds(scaled, x, 1), {"forward.x": x, "forward.d": d}


CASES = [Case("rules/drtp", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "B": from_output, "b": units}, expected,
              settings={"lr": 0.5, "lr_out": 0.25}, target=classes)]
