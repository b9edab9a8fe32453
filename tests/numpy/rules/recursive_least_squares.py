"""Sussillo & Abbott (2009), FORCE: at each step the readout is that of least squares, `P = (P(0)^-1 + sum_t x x^T)^-1` and
`O += e (P x)^T`, with the inverse taken anew every time."""

import numpy as np

from compare import Case
from mathematics import Contrast
from network import hidden, lateral, output, units, up


def expected(trial):
    h, steps = trial.h, trial.data.shape[1]
    R, F, O, P, v = trial["R"][1], trial["F"][1], trial["O"][2], trial["P"][1], trial["v0"][1]
    correlations, old_O, old_P, squares = np.linalg.inv(P), O, P, 0
    for t in range(steps):
        if t > 0:
            v = (1 - h.a) * v + h.a * (R @ x + F @ y)
        x = np.tanh(v)
        y = O @ x
        e = np.sin(h.w * t) - y
        squares = squares + e**2
        correlations = correlations + np.outer(x, x)
        P = np.linalg.inv(correlations)
        O = O + np.outer(e, P @ x)
    increments = {"P": [None, Contrast(P, old_P), None], "O": [None, None, Contrast(O, old_O)]}
    alike = lambda values: np.tile(values, (trial.samples, 1))
    return increments, {"run.v": [None, alike(v), None], "run.x": [None, alike(x), None], "run.y": [None, None, alike(y)],
                        "run.e": [None, None, alike(e)], "run.mse": [None, None, alike(squares / steps)]}


def inverse_of_correlations(random, shape):
    x = random.standard_normal(shape)
    return np.linalg.inv(np.eye(len(x)) + x.T @ x / len(x))


def from_output(chain):
    return [(1, "output->h1", (chain.sizes[1], chain.sizes[2]))]


def of_hidden(chain):
    return [(1, "h1->h1", (chain.sizes[1], chain.sizes[1]))]


CASES = [Case("rules/recursive_least_squares", "2 - 6 - 3",
              {"R": of_hidden, "F": from_output, "O": up, "P": (lateral, inverse_of_correlations), "v0": hidden(units)},
              expected, settings={"a": 0.5, "w": 0.75}, steps=10)]
