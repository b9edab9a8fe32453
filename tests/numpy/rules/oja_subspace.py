"""Oja (1989): `dW = y x^T - (y y^T) W`."""

from compare import Case
from mathematics import outer
from network import up


def expected(trial):
    x, (_, W) = trial.data, trial["W"]
    y = x @ W.T
    return {"W": [None, trial.h.lr * (outer(y, x) - outer(y, y) @ W)]}, {"respond.y": [x, y]}


CASES = [Case("rules/oja_subspace", "5 - 3", {"W": up}, expected, settings={"lr": 0.5})]
