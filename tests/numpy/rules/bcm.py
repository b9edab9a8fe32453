"""Bienenstock, Cooper & Munro (1982) after Intrator & Cooper (1992): `dW = y (y - th) x^T`, `dth = y^2 - th`."""

from compare import Case
from mathematics import mean, one_hot, outer, relu
from network import uniform, units, up


def learned(trial, x):
    h, (_, W), (_, th) = trial.h, trial["W"], trial["th"]
    y = relu(x @ W.T)
    return {"W": [None, h.lr * outer(y * (y - th), x)], "th": [None, h.rate * (mean(y**2) - th)]}, {"respond.y": [x, y]}


def any_input(trial):
    return learned(trial, trial.data)


def patterns(trial):
    """The inputs are as many patterns as there are units, a larger number where the sample is largest."""
    return learned(trial, one_hot(trial.data.argmax(1), trial.data.shape[1]) + 0.5)


CASES = [Case("rules/bcm", "5 - 4", {"W": up, "th": (units, uniform(0.5, 1.5))}, expected, rule=rule,
              settings={"lr": 0.5, "rate": 0.25})
         for rule, expected in (("BCM", any_input), ("BCMPatterns", patterns))]
