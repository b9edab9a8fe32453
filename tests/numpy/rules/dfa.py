"""Nøkland (2016): the output's error goes straight to every hidden layer, `d_l = f'(a_l) * (B_l e)`."""

import numpy as np

from compare import Case
from mathematics import d_tanh, forward, per_layer, softmax, weights_and_thresholds
from network import classes, from_output, units, up


def expected(trial):
    a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, softmax)
    error = trial.target - x[-1]
    d = per_layer(lambda a, B: d_tanh(a) * (error @ B.T), a, trial["B"])
    d[-1] = error
    return weights_and_thresholds(d, x, trial.h.lr), {"forward.x": x, "backward.d": d}


CASES = [Case("rules/dfa", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "B": from_output, "b": units}, expected,
              settings={"lr": 0.5}, target=classes)]
