"""Scellier & Bengio (2017): Euler's method on `E + beta C`, where `E = s^2/2 - sum_ij W_ij rho(s_i) rho(s_j) / 2 - b
rho(s)`.

Here the whole network is one vector with one symmetric matrix, as in the paper.
"""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer
from network import uniform, units, up

FREE, NUDGED, DT = 30, 10, 0.5


class Network:
    """All units in one vector; those of the input are held and count as they are."""

    def __init__(self, trial, rho, d_rho):
        sizes = trial.case.chain.sizes
        ends = np.cumsum(sizes)
        self.layers = [slice(end - size, end) for end, size in zip(ends, sizes)]
        self.W, self.b = np.zeros((ends[-1], ends[-1])), np.zeros(ends[-1])
        for l in range(1, trial.top + 1):
            self.W[self.layers[l], self.layers[l - 1]] = trial["W"][l]
            self.b[self.layers[l]] = trial["b"][l]
        self.W += self.W.T
        self.trial, self.rho_of, self.d_rho = trial, rho, d_rho

    def rho(self, s):
        return np.concatenate([s[:, self.layers[0]], self.rho_of(s[:, self.layers[1].start:])], 1)

    def relax(self, s, steps, beta):
        s, output = s.copy(), self.layers[-1]
        for _ in range(steps):
            force = self.d_rho(s) * (self.rho(s) @ self.W + self.b) - s
            force[:, output] += beta * (self.trial.target - s[:, output])
            force[:, self.layers[0]] = 0
            s += DT * force
        return s

    def at_rest(self):
        s = np.zeros((self.trial.samples, len(self.b)))
        s[:, self.layers[0]] = self.trial.data
        return s

    def contrast(self, one, other, scale):
        r, q = self.rho(one), self.rho(other)
        edges = list(zip(self.layers[1:], self.layers))
        hebb = lambda r, post, pre: scale * outer(r[:, post], r[:, pre])
        return {"W": [None] + [Contrast(hebb(r, *edge), hebb(q, *edge)) for edge in edges],
                "b": [None] + [scale * mean(Contrast(r[:, post], q[:, post])) for post, _ in edges]}

    def by_layer(self, s):
        return [s[:, layer] for layer in self.layers]


def one_side(trial):
    network, h = Network(trial, lambda s: np.tanh(s / 2), lambda s: d_tanh(s / 2) / 2), trial.h
    free = network.relax(network.at_rest(), FREE, 0)
    nudged = network.relax(free, NUDGED, h.beta)
    states = {"free.s": network.by_layer(free), "nudged.s": network.by_layer(nudged)}
    return network.contrast(nudged, free, h.lr / h.beta), states


def both_sides(trial):
    network, h = Network(trial, lambda s: np.clip(s, 0, 1), lambda s: (s >= 0) & (s <= 1)), trial.h
    free = network.relax(network.at_rest(), FREE, 0)
    plus, minus = (network.relax(free, NUDGED, side * h.beta) for side in (1, -1))
    states = {"plus.s": network.by_layer(plus), "minus.s": network.by_layer(minus)}
    return network.contrast(plus, minus, h.lr / (2 * h.beta)), states


PARAMETERS, SETTINGS = {"W": up, "b": units}, {"beta": 0.5, "lr": 0.5}
CASES = [
    Case("rules/energy_ep", "5 - 6 tanh(gain = 0.5) - 4 tanh(gain = 0.5) - 3 tanh(gain = 0.5)", PARAMETERS, one_side,
         rule="EnergyEP", settings=SETTINGS),
    Case("rules/energy_ep", "5 - 6 clip - 4 clip - 3 clip", PARAMETERS, both_sides, rule="CentredEnergyEP",
         settings=SETTINGS, data=uniform(0, 1)),
]
