"""Hopfield (1982): Hebb's law for what is seen; then each unit in turn, in an order that only plrc knows, obeys the others, which
cannot raise the energy and in the end leaves nobody who would change. Unlearning as Hopfield, Feinstein & Palmer (1983)."""

import numpy as np

from compare import Case
from mathematics import Contrast, looks_drawn, outer
from network import lateral, up

UNITS = 8


def expected(trial):
    h, W = trial.h, trial["W"][1]
    x = np.where(trial.data @ trial["show"][1].T > 0, 1, -1)
    before, after = trial.drawn("distort.s")[1], trial.drawn("recall.s")[1]
    looks_drawn((before != x) * 1.0, np.full(x.shape, h.noise))
    stored = W + h.lr * others_only(outer(x, x))
    assert (after == np.where(after @ stored.T < 0, -1, 1)).all(), "a unit would still change"
    energy = lambda s: -np.einsum("ni,ij,nj->n", s, stored, s) / 2
    assert (energy(after) <= energy(before) + 1e-5).all() and (energy(after) < energy(before) - 0.1).any(), "the energy rose"
    final = stored - h.unlearn * others_only(outer(after, after))
    return {"W": [None, Contrast(final, W)]}, {"look.x": [trial.data, x]}


def others_only(matrix):
    return matrix * (1 - np.eye(UNITS))


def memory(random, shape):
    W = 0.25 * random.standard_normal(shape)
    return others_only(W + W.T)


def others(_random, shape):
    return others_only(np.ones(shape))


def case(**settings):
    return Case("rules/asynchronous_hopfield", f"5 - {UNITS}", {"show": up, "W": (lateral, memory), "W.others": (lateral, others)},
                expected, settings={"T": 20, "noise": 0.25, "unlearn": 0.0, "lr": 0.125} | settings, samples=50,
                bounds={"W": others_only})


CASES = [case(), case(unlearn=0.0625)]
