"""Ioffe & Szegedy (2015): a layer's drives over the minibatch, one column for each unit, are centred by `P = 1 - 11^T/N` and
divided by their deviation.

As a function of a column `a`, `n` has the derivative `(1 - 11^T/N - n n^T/N) / sqrt(var + eps)`, a symmetric matrix over the
samples, through which errors come back.
"""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer, softmax
from network import classes, gaussian, uniform, units, up


def f(trial, l, a):
    return softmax(a) if l == trial.top else np.tanh(a)


def test(trial):
    x = [trial.data]
    for l in range(1, trial.top + 1):
        n = (x[-1] @ trial["W"][l].T - trial["mu"][l]) * (trial["var"][l] + trial.h.eps) ** -0.5
        x.append(f(trial, l, trial["g"][l] * n + trial["b"][l]))
    return x


def expected(trial):
    W, g, b, mu, var = (trial[name] for name in ("W", "g", "b", "mu", "var"))
    h, top, N = trial.h, trial.top, trial.samples
    P = np.eye(N) - 1 / N
    x, a, n, spread = [trial.data], [None], [None], [None]
    for l in range(1, top + 1):
        a.append(x[-1] @ W[l].T)
        spread.append(np.sqrt(a[l].var(0) + h.eps))
        n.append(P @ a[l] / spread[l])
        x.append(f(trial, l, g[l] * n[l] + b[l]))
    d, back = [None] * top + [Contrast(trial.target, x[top])], [None] * (top + 1)
    for l in range(top, 0, -1):
        if l < top:
            heard = lambda values: d_tanh(g[l] * n[l] + b[l]) * (values @ W[l + 1])
            d[l] = Contrast(heard(back[l + 1].one), heard(back[l + 1].other))
        answers = g[l] * d[l].value / spread[l]
        shared = np.eye(N) - P + np.einsum("iu,ju->uij", n[l], n[l]) / N
        back[l] = Contrast(answers, np.einsum("uij,ju->iu", shared, answers))
    layers = range(1, top + 1)
    increments = {
        "W": [None] + [h.lr * outer(back[l], x[l - 1]) for l in layers],
        "g": [None] + [h.lr * mean(Contrast(d[l].one * n[l], d[l].other * n[l])) for l in layers],
        "b": [None] + [h.lr * mean(d[l]) for l in layers],
        "mu": [None] + [h.rate * Contrast(a[l].mean(0), mu[l]) for l in layers],
        "var": [None] + [h.rate * Contrast(a[l].var(0), var[l]) for l in layers],
    }
    return increments, {"test.x": test(trial), "train.n": n, "train.x": x, "backward.d": d}


CASES = [Case("rules/batch_norm", "5 - 6 tanh - 4 tanh - 3 softmax",
              {"W": up, "g": (units, uniform(0.5, 1.5)), "b": units, "mu": (units, gaussian(1)),
               "var": (units, uniform(0.5, 2))}, expected, target=classes, samples=10,
              settings={"lr": 0.5, "rate": 0.25, "eps": 0.125})]
