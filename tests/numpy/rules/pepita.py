"""Dellaferrera & Kreiman (2022): a second way up from `x_0 - F e`; `dW_l = (z_l - x_l) z_(l-1)^T`, and `-e z^T` at the
output."""

import numpy as np

from compare import Case
from mathematics import Contrast, forward, outer, softmax
from network import classes, up


def expected(trial):
    W, h, top = trial["W"], trial.h, trial.top
    _, x = forward(W, None, trial.data, np.tanh, softmax)
    error = x[top] - trial.target
    _, z = forward(W, None, trial.data - error @ trial["F"][top].T, np.tanh, softmax)
    dW = [None] + [h.lr * outer(Contrast(z[l], x[l]), z[l - 1]) for l in range(1, top)] + [-h.lr * outer(error, z[top - 1])]
    return {"W": dW}, {"first.x": x, "second.z": z[:-1], "second.e": [None] * top + [-error]}


def from_output(chain):
    return [(chain.top, f"{chain.names[chain.top]}->input", (chain.sizes[0], chain.sizes[chain.top]))]


CASES = [Case("rules/pepita", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "F": from_output}, expected, settings={"lr": 0.5},
              target=classes)]
