"""Sanger (1989): `dW = y x^T - LT(y y^T) W`, where LT keeps the lower triangle."""

import numpy as np

from compare import Case
from mathematics import outer
from network import up


def expected(trial):
    x, (_, W) = trial.data, trial["W"]
    y = x @ W.T
    return {"W": [None, trial.h.lr * (outer(y, x) - np.tril(outer(y, y)) @ W)]}, {"respond.y": [x, y]}


CASES = [Case("rules/sanger", "5 - 4", {"W": up}, expected, settings={"lr": 0.5})]
