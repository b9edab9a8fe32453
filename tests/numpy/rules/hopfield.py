"""Hopfield (1982), Storkey (1997), Hopfield, Feinstein & Palmer (1983): associative memory, with all of Storkey's
`h_ij = sum over k /= i, j of W_ik x_k` written out."""

import numpy as np

from compare import Case
from mathematics import Contrast, looks_drawn, outer
from network import lateral, up

UNITS = 8


def storkeys(W, x):
    """`h_ij` for each sample: `[sample, i, j]`."""
    i, j, k = np.ogrid[:UNITS, :UNITS, :UNITS]
    return np.einsum("ik,ijk,nk->nij", W, (k != i) & (k != j), x)


def expected(trial):
    h, W, x = trial.h, trial["W"][1], np.sign(trial.data)
    local = storkeys(W, x)
    to_post, to_pre = x[:, :, None] * local.transpose(0, 2, 1), local * x[:, None, :]
    stored = W + others_only(outer(x, x) - h.storkey * (to_post + to_pre).mean(0)) / h.n
    s = trial.drawn("distort.s")[1]
    looks_drawn((s != x) * 1.0, np.full(x.shape, h.flip))
    for _ in range(h.T):
        s = np.sign(s @ stored.T)
    final = stored - h.unlearn / h.n * others_only(outer(s, s))
    return {"W": [None, Contrast(final, W)]}, {"store.x": [x, x], "recall.s": [None, s]}


def others_only(matrix):
    return matrix * (1 - np.eye(UNITS))


def memory(random, shape):
    W = 0.25 * random.standard_normal(shape)
    return others_only(W + W.T)


def eye(_random, shape):
    return np.eye(*shape)


def others(_random, shape):
    return others_only(np.ones(shape))


def case(**settings):
    settings = {"n": float(UNITS), "storkey": 0.0, "unlearn": 0.0, "flip": 0.25, "T": 3} | settings
    return Case("rules/hopfield", f"{UNITS} - {UNITS}",
                {"show": (up, eye), "W": (lateral, memory), "W.other": (lateral, others)}, expected, settings=settings,
                samples=50, bounds={"W": others_only})


CASES = [case(), case(storkey=1.0), case(unlearn=0.25), case(storkey=0.5, unlearn=0.5)]
