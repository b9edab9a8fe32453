"""Friston (2005), Bogacz (2017): predictive coding whose output has a variance for each unit, which is learned; the
output is clamped near what it predicts. Values descend `F = sum_l (x_l - mu_l)^2 / (2 v_l)`."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer
from network import output, uniform, units, up
from optimisers import adam_memories, chosen, with_adam


def say(x, l):
    return x[l] if l == 0 else np.tanh(x[l])


def predictions(trial, x):
    return [None] + [say(x, l - 1) @ trial["W"][l].T + trial["b"][l] for l in range(1, trial.top + 1)]


def expected(trial):
    W, v, h, top = trial["W"], trial["v"][trial.top], trial.h, trial.top
    first = [trial.data]
    for l in range(1, top + 1):
        first.append(say(first, l - 1) @ W[l].T + trial["b"][l])
    x = [*first[:-1], first[-1] + h.beta * (trial.target - first[-1])]
    variance = [None] + [1] * (top - 1) + [v]
    for _ in range(h.T):
        mu = predictions(trial, x)
        e = [None] + [(x[l] - mu[l]) / variance[l] for l in range(1, top + 1)]
        slope = [None] + [e[l] - d_tanh(x[l]) * (e[l + 1] @ W[l + 1]) for l in range(1, top)]
        x = [x[0]] + [x[l] - h.gamma * slope[l] for l in range(1, top)] + [x[top]]
    mu = predictions(trial, x)
    scaled = [None] + [h.lr / h.beta * Contrast(x[l] / variance[l], mu[l] / variance[l]) for l in range(1, top + 1)]
    gradients = {"W": [None] + [outer(scaled[l], say(x, l - 1)).value for l in range(1, top + 1)],
                 "b": [None] + [mean(scaled[l]).value for l in range(1, top + 1)]}
    increments = with_adam(trial, gradients, chosen("rules/precision_pc", "digits"))
    surprise = np.maximum((x[top] - mu[top]) ** 2, h.floor)
    increments["v"] = [None] * top + [h.rate * (mean(surprise) - v)]
    return increments, {"predict.x": first, "infer.x": x}


CASES = [Case("rules/precision_pc", "5 - 6 tanh - 4 tanh - 3 identity",
              adam_memories({"W": up, "b": units}) | {"v": (output(units), uniform(0.5, 2))}, expected,
              settings={"beta": 0.5, "T": 12, "gamma": 0.125, "floor": 0.0625, "rate": 0.25, "lr": 0.5})]
