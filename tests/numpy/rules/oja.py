"""Oja (1982): `dW_i = y_i (x - y_i W_i)`."""

import numpy as np

from compare import Case
from mathematics import outer
from network import up


def expected(trial):
    x, (_, W) = trial.data, trial["W"]
    y = x @ W.T
    return {"W": [None, trial.h.lr * (outer(y, x) - np.diag(np.diag(outer(y, y))) @ W)]}, {"respond.y": [x, y]}


CASES = [Case("oja", "5 - 3", {"W": up}, expected, settings={"lr": 0.5})]
