"""Laborieux & Zenke (2022): equilibrium propagation in complex numbers. The nudging is at four points of a circle, and
`dW = 1/4 sum_beta s_l s_(l-1)^T / beta`, without conjugation."""

import numpy as np

from compare import Case
from equilibrium import at_rest, contrast, relax
from mathematics import Contrast
from network import units, up


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def summed(one, other):
    """The real part of the sum of two contrasts, in two terms."""
    both = zip(one[1:], other[1:])
    return [None] + [Contrast((c.one + d.one).real, (c.other + d.other).real) for c, d in both]


def expected(trial):
    W, b, h = trial["W"], trial["b"], trial.h
    back = [None] + [w.T for w in W[1:]]
    run = lambda s, beta: relax(W, back, b, s, h.T, beta, trial.target, sigmoid)
    free = run(at_rest(trial.data, trial.case.chain.sizes), 0)
    points = {beta: run(free, beta) for beta in (h.r, 1j * h.r, -h.r, -1j * h.r)}
    real, imaginary = (contrast(points[beta], points[-beta], h.lr / (4 * beta)) for beta in (h.r, 1j * h.r))
    increments = {name: summed(real[name], imaginary[name]) for name in ("W", "b")}
    aside = points[1j * h.r]
    return increments, {
        "free.x": free, "plus.x": points[h.r], "minus.x": points[-h.r], "aside.x": [s.real for s in aside],
        "aside.y": [None] + [s.imag for s in aside[1:]],
    }


CASES = [Case("rules/holomorphic_ep", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid", {"W": up, "b": units}, expected,
              settings={"r": 0.75, "T": 15, "lr": 0.5})]
