"""Laborieux et al. (2021): nudged to one side, which is drawn for each sample."""

import numpy as np

from compare import Case
from equilibrium import at_rest, contrast, relax
from mathematics import looks_normal, transposed
from network import units, up

FREE, NUDGED = 30, 10


def expected(trial):
    W, b, h = trial["W"], trial["b"], trial.h
    back, xi = transposed(W), trial.drawn("toss.xi")[-1]
    looks_normal(xi)
    beta = h.beta * np.sign(xi.sum(1, keepdims=True))
    free = relax(W, back, b, at_rest(trial.data, trial.case.chain.sizes), FREE, 0, trial.target)
    nudged = relax(W, back, b, free, NUDGED, beta, trial.target)
    return contrast(nudged, free, h.lr / beta), {"free.s": free, "nudged.s": nudged}


CASES = [Case("rules/random_sign_ep", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid", {"W": up, "b": units}, expected,
              settings={"beta": 0.5, "lr": 0.5}, samples=20)]
