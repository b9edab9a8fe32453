"""Murray (2019), random feedback local online learning: weights change at every step of the sequence, by a trace of
what each synapse has contributed, `P(t) = (1 - a) P + a f'(u) pre^T`."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer, softmax
from network import classes, from_output, hidden, lateral, units, up


def expected(trial):
    h, x, y_star = trial.h, trial.data, trial.target
    names = {"W": 1, "W_out": 2, "R": 1, "b": 1, "b_out": 2}
    start = {name: trial[name.split("_")[0]][layer] for name, layer in names.items()}
    now, B = {name: value.copy() for name, value in start.items()}, trial["B"][1]
    state = np.zeros((len(x), len(start["W"])))
    P, Q, p = np.zeros((len(x), *start["W"].shape)), np.zeros((len(x), *start["R"].shape)), np.zeros_like(state)
    for t in range(x.shape[1]):
        before = state
        u = x[:, t] @ now["W"].T + before @ now["R"].T + now["b"]
        state = (1 - h.a) * before + h.a * np.tanh(u)
        y = softmax(state @ now["W_out"].T + now["b_out"])
        slope = h.a * d_tanh(u)
        P = (1 - h.a) * P + slope[:, :, None] * x[:, t][:, None, :]
        Q = (1 - h.a) * Q + slope[:, :, None] * before[:, None, :]
        p = (1 - h.a) * p + slope
        error = y_star[:, t] - y
        L = error @ B.T
        steps = {"W": mean(L[:, :, None] * P), "R": mean(L[:, :, None] * Q), "b": mean(L * p),
                 "W_out": outer(error, state), "b_out": mean(error)}
        now = {name: now[name] + h.lr * step for name, step in steps.items()}
    added = {name: Contrast(now[name], start[name]) for name in names}
    increments = {"W": [None, added["W"], added["W_out"]], "R": [None, added["R"], None],
                  "b": [None, added["b"], added["b_out"]]}
    return increments, {"run.h": [None, state, y], "run.u": [None, u, None]}


CASES = [Case("rules/rflo", "5 - 6 tanh - 3 softmax", {"W": up, "R": hidden(lateral), "B": from_output, "b": units},
              expected, target=classes, steps=8, settings={"a": 0.25, "lr": 0.5})]
