"""Ackley, Hinton & Sejnowski (1985): correlations of what is seen minus those of the dream; each step of the dream goes from
one state to the next in an order that only plrc knows, and what comes of it must follow Boltzmann's law in the end."""

import numpy as np

from compare import Case
from mathematics import Contrast, looks_drawn, mean, outer
from network import lateral, output, units, up

UNITS = 3


def expected(trial):
    h, W, b = trial.h, trial["W"][1], trial["b"][1]
    v, s = (trial.data @ trial["show"][1].T > 0) * 1.0, trial.drawn("dream.s")[1]
    states = np.array(np.meshgrid(*[[0, 1]] * UNITS)).reshape(UNITS, -1).T
    law = np.exp(np.einsum("ki,ij,kj->k", states, W, states) / 2 + states @ b)
    seen = (s[:, None] == states).all(2) * 1.0
    looks_drawn(seen, np.tile(law / law.sum(), (len(s), 1)))
    dW = Contrast(others_only(outer(v, v)), others_only(outer(s, s)))
    return {"W": [None, h.lr * dW], "b": [None, h.lr * Contrast(mean(v), mean(s))]}, {"see.v": [trial.data, v]}


def others_only(matrix):
    return matrix * (1 - np.eye(UNITS))


def symmetric(random, shape):
    W = random.standard_normal(shape)
    return others_only(W + W.T)


def others(_random, shape):
    return others_only(np.ones(shape))


CASES = [Case("rules/boltzmann", f"4 - {UNITS}",
              {"show": up, "W": (lateral, symmetric), "W.others": (lateral, others), "b": output(units)}, expected,
              settings={"T": 40, "lr": 0.5}, samples=4000)]
