"""Millidge et al. (2020): activities relax to the derivatives of the cost, `dx_l/dt = -x_l + W_(l+1)^T (f'(a_(l+1)) *
x_(l+1))`."""

import numpy as np

from compare import Case
from mathematics import d_tanh, forward, per_layer, weights_and_thresholds
from network import units, up


def expected(trial):
    W, h, top = trial["W"], trial.h, trial.top
    a, first = forward(W, trial["b"], trial.data, np.tanh, np.tanh)
    x = [*first[:-1], first[-1] - trial.target]
    for _ in range(h.T):
        x = [x[0]] + [x[l] + h.rate * ((d_tanh(a[l + 1]) * x[l + 1]) @ W[l + 1] - x[l]) for l in range(1, top)] + [x[top]]
    g = per_layer(lambda a, x: d_tanh(a) * x, a, x)
    return weights_and_thresholds(g, first, -h.lr), {"forward.x": first, "relax.x": x}


CASES = [Case("rules/activation_relaxation", "5 - 6 tanh - 4 tanh - 3 tanh", {"W": up, "b": units}, expected,
              settings={"rate": 0.25, "T": 12, "lr": 0.5})]
