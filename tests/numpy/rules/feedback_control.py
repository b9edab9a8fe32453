"""Meulemans et al. (2021), deep feedback control: a leaky integrator of the output's error drives all neurons,
`dv/dt = W r + b + Q u - v`, until the output is where it shall be; basal dendrites then learn what they did not explain."""

import numpy as np

from compare import Case
from mathematics import Contrast, forward, linear, mean, outer
from network import from_output, units, up

DT = 0.1


def expected(trial):
    W, b, h, top, data = trial["W"], trial["b"], trial.h, trial.top, trial.data
    Q = [*trial["Q"][:top], np.eye(trial.case.chain.sizes[-1])]
    v, rates = forward(W, b, data, np.tanh, linear)
    at_first, rate = list(v), lambda l, v: v if l in (0, top) else np.tanh(v)
    # Half the squared distance: its gradient is the error.
    goal = rates[top] + h.lam * (trial.target - rates[top])
    u = np.zeros_like(goal)
    basal = lambda v, l: rate(l - 1, v[l - 1]) @ W[l].T + b[l]
    for _ in range(h.T):
        wrong = goal - v[top]
        for l in range(1, top + 1):
            v[l] = (1 - DT) * v[l] + DT * (basal(v, l) + u @ Q[l].T)
        u = (1 - DT * h.alpha) * u + DT * h.k * wrong
    unexplained = [None] + [h.lr / h.lam * Contrast(rate(l, v[l]), rate(l, basal(v, l))) for l in range(1, top + 1)]
    increments = {"W": [None] + [outer(unexplained[l], rate(l - 1, v[l - 1])) for l in range(1, top + 1)],
                  "b": [None] + [mean(difference) for difference in unexplained[1:]]}
    return increments, {"forward.v": at_first, "control.v": v, "control.u": [None] * top + [u]}


CASES = [Case("rules/feedback_control", "5 - 6 tanh - 4 tanh - 3 identity", {"W": up, "Q": from_output, "b": units},
              expected, settings={"lam": 0.5, "k": 0.5, "alpha": 0.25, "T": 30, "lr": 0.5})]
