"""Millidge, Tschantz & Buckley (2022), Rosenbaum (2022): predictive coding whose predictions stay those of the way up."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, forward, mean, outer, per_layer, softmax
from network import classes, units, up


def expected(trial):
    W, b, h, top = trial["W"], trial["b"], trial.h, trial.top
    mu, f = forward(W, b, trial.data, np.tanh, softmax)
    error = trial.target - f[top]
    x = [None, *mu[1:top], mu[top] + error]
    for _ in range(h.T):
        e = [None] + [x[l] - mu[l] for l in range(1, top + 1)]
        x = [None] + [x[l] + h.rate * (d_tanh(mu[l]) * (e[l + 1] @ W[l + 1]) - e[l]) for l in range(1, top)] + [x[top]]
    e = per_layer(Contrast, x, mu)
    increments = {"W": per_layer(lambda e, pre: h.lr * outer(e, pre), e, [None, *f[:-1]]),
                  "b": per_layer(lambda e: h.lr * mean(e), e)}
    return increments, {"predict.mu": mu, "infer.x": x}


CASES = [Case("rules/fixed_prediction_pc", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "b": units}, expected,
              settings={"rate": 0.25, "T": 7, "lr": 0.5}, target=classes)]
