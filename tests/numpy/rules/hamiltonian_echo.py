"""Pourcel & Ernoult (2025), recurrent Hamiltonian echo learning, with a leapfrog that is its own way back."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer, per_layer
from network import units, up


def expected(trial):
    h, data, target = trial.h, trial.data, trial.target
    (W, W_out), (b, b_out) = trial["W"][1:], trial["b"][1:]
    f, d = np.tanh, d_tanh
    kicks = {1: {}, 0: {}, -1: {}}

    def force(x, q, y):
        return (d(q) * (x @ W.T + f(y) @ W_out + b) - q, d(y) * (f(q) @ W_out.T + b_out) - y)

    def kick(x, q, y, p, r):
        by = force(x, q, y)
        return p + h.h / 2 * by[0], r + h.h / 2 * by[1]

    def felt(sign, x, q, y):
        products = {"W": outer(f(q), x), "W_out": outer(f(y), f(q)), "b": mean(f(q)), "b_out": mean(f(y))}
        for name, product in products.items():
            kicks[sign][name] = kicks[sign].get(name, 0) + h.h / 2 * product

    def step(x, q, y, p, r, sign=0):
        p, r = kick(x, q, y, p, r)
        felt(sign, x, q, y)
        q, y = q + h.h * p, y + h.h * r
        p, r = kick(x, q, y, p, r)
        felt(sign, x, q, y)
        return q, y, p, r

    q, p = (np.zeros((len(data), len(W))) for _ in range(2))
    y, r = (np.zeros((len(data), len(W_out))) for _ in range(2))
    for t in range(data.shape[1]):
        q, y, p, r = step(data[:, t], q, y, p, r)
    ends = []
    for sign in (1, -1):
        back = (q, y, -p, -r)
        for t in reversed(range(data.shape[1])):
            at, out, momentum, push = back
            back = step(data[:, t], at, out, momentum, push + sign * h.beta * (target[:, t] - out), sign)
        ends.append(back)
    scale = h.lr / (2 * h.beta)
    echo = {name: Contrast(kicks[1][name], kicks[-1][name]) for name in kicks[1]}
    gathered = {"W": [None, echo["W"], echo["W_out"]], "b": [None, echo["b"], echo["b_out"]]}
    increments = {name: per_layer(lambda sum: scale * sum, sums) for name, sums in gathered.items()}
    # It takes the place of what there was.
    for name, sums in {"W.G": "W", "g": "b"}.items():
        forget = lambda sum, first: Contrast(sum.one, sum.other + first)
        increments[name] = per_layer(forget, gathered[sums], trial[name])
    (q_plus, y_plus, _, _), (_, _, p_minus, r_minus) = ends
    states = {"ahead.q": [None, q, y], "plus.q": [None, q_plus, y_plus], "minus.p": [None, p_minus, r_minus]}
    return increments, states


CASES = [Case("rules/hamiltonian_echo", "5 - 6 tanh - 3 tanh",
              {"W": up, "b": units, "W.G": up, "g": units}, expected, steps=6,
              settings={"beta": 0.25, "h": 0.25, "lr": 0.5})]
