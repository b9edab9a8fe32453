"""Sejnowski (1977): `dW = (y - <y>) (x - <x>)^T - W`, where the usual activities are learned too."""

from compare import Case
from mathematics import mean, outer
from network import all_units, up


def expected(trial):
    h, x, y, W, usual = trial.h, trial.data, trial.target, trial["W"][1], trial["usual"]
    recalled = (x - usual[0]) @ W.T + usual[1]
    dW = h.lr * (outer(y - usual[1], x - usual[0]) - W)
    d_usual = [h.rate * (mean(values) - before) for values, before in zip((x, y), usual)]
    return {"W": [None, dW], "usual": d_usual}, {"recall.x": [x, recalled], "recall.y": [x, y]}


CASES = [Case("rules/covariance", "5 - 3", {"W": up, "usual": all_units}, expected, settings={"lr": 0.5, "rate": 0.25})]
