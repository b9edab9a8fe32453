"""Lee et al. (2015), difference target propagation.

Decoders `g_l(q) = tanh(V_l q + c_(l-1))` learn to undo `f_l` around the activities; then targets come down, `t_(l-1) =
x_(l-1) - g_l(x_l) + g_l(t_l)`, from `t_(L-1) = x_(L-1) - eta dC/dx_(L-1)`.
"""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, forward, looks_normal, mean, outer, softmax
from network import classes, down, hidden, units, up


def expected(trial):
    W, b, h, top = trial["W"], trial["b"], trial.h, trial.top
    a, x = forward(W, b, trial.data, np.tanh, softmax)
    dV, dc, V, c = decoders(trial, x)
    increments = {"V": dV, "c": dc, "W": [None] * (top + 1), "b": [None] * (top + 1)}
    error = trial.target - x[top]
    t = [None] * (top + 1)
    t[top - 1] = x[top - 1] + h.eta * error @ W[top]
    for l in range(top - 2, 0, -1):
        g = lambda q: np.tanh(q @ V[l + 1].T + c[l])
        t[l] = x[l] + g(t[l + 1]) - g(x[l + 1])
    for l in range(1, top + 1):
        d = h.eta * error if l == top else Contrast(t[l] * d_tanh(a[l]), x[l] * d_tanh(a[l]))
        increments["W"][l], increments["b"][l] = h.lr * outer(d, x[l - 1]), h.lr * mean(d)
    return increments, {"forward.x": x, "targets.t": t}


def decoders(trial, x):
    """What is added to V and c, and what they are then."""
    W, V, b, c, h = trial["W"], trial["V"], trial["b"], trial["c"], trial.h
    z = trial.drawn("invert.z")
    dV, dc = [None] * (trial.top + 1), [None] * (trial.top + 1)
    for l in range(1, trial.top):
        looks_normal((z[l] - x[l]) / h.sigma)
        f = softmax if l + 1 == trial.top else np.tanh
        fz = f(z[l] @ W[l + 1].T + b[l + 1])
        r = fz @ V[l + 1].T + c[l]
        d = h.lr_v * Contrast(z[l] * d_tanh(r), np.tanh(r) * d_tanh(r))
        dV[l + 1], dc[l] = outer(d, fz), mean(d)
    new_V = [None if d is None else v + d.value for v, d in zip(V, dV)]
    new_c = [None if d is None else v + d.value for v, d in zip(c, dc)]
    return dV, dc, new_V, new_c


CASES = [Case("rules/dtp", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "V": down, "b": units, "c": hidden(units)},
              expected, settings={"eta": 0.5, "sigma": 0.25, "lr": 0.5, "lr_v": 0.25}, target=classes, samples=20)]
