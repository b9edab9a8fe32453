"""Rumelhart & Zipser (1985): the winner's weights go towards the pattern, `dW_s = x - W_s`."""

from compare import Case
from mathematics import mean, one_hot, outer
from network import up


def expected(trial):
    x, (_, W) = trial.data, trial["W"]
    wins = one_hot((x @ W.T).argmax(1), len(W))
    return {"W": [None, trial.h.lr * (outer(wins, x) - mean(wins)[:, None] * W)]}, {"respond.x": [x, wins]}


CASES = [Case("rules/competitive", "5 - 3", {"W": up}, expected, settings={"lr": 0.5}, samples=10)]
