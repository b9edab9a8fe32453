"""Triesch (2005, 2007): gain and threshold learn to make the activity `y = sigma(g u + t)` exponential with the mean
mu, by the slope of the Kullback-Leibler divergence; beside them Hebb's law."""

from compare import Case
from mathematics import Contrast, mean, outer, sigmoid
from network import uniform, units, up


def expected(trial):
    h, x, W, g, t = trial.h, trial.data, trial["W"][1], trial["g"][1], trial["t"][1]
    u = x @ W.T
    y = sigmoid(g * u + t)
    dt = 1 - (2 + 1 / h.mu) * y + y**2 / h.mu
    dW = outer(y, x) - mean(y * u)[:, None] * W
    dg = Contrast(1 / g, -mean(u * dt))
    increments = {"W": [None, h.lr * dW], "g": [None, h.rate * dg], "t": [None, h.rate * mean(dt)]}
    return increments, {"respond.u": [None, u], "respond.y": [x, y]}


CASES = [Case("rules/intrinsic_plasticity", "5 - 4", {"W": up, "g": (units, uniform(0.5, 1.5)), "t": units}, expected,
              settings={"mu": 0.25, "rate": 0.25, "lr": 0.5})]
