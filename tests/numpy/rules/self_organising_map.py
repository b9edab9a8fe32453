"""Kohonen (1982) and Martinetz & Schulten (1991): the unit nearest to the pattern wins, and the others follow, the less the
farther they are from it on a grid, or the more units are nearer; `dW = h (x - W)`."""

import numpy as np

from compare import Case
from mathematics import mean, outer
from network import constant, once, up

SIDE = 4


def neighbours(distance, r):
    """On the grid, from the unit with the least distance."""
    units = distance.shape[1]
    grid = np.stack(np.divmod(np.arange(units), SIDE), 1)
    away = ((grid[:, None] - grid[None]) ** 2).sum(-1)
    return np.exp(-away[distance.argmin(1)] / (2 * r**2))


def ranks(distance, r):
    return np.exp(-distance.argsort(1).argsort(1) / r)


def case(h, gas, before):
    def expected(trial):
        x, W = trial.data, trial["W"][1]
        updates = trial["updates"][0] + 1
        r = max(trial.h.wide * 2 ** (-updates / trial.h.half_life), trial.h.narrow)
        near = h(np.linalg.norm(x[:, None] - W[None], axis=2), r)
        dW = trial.h.lr * (outer(near, x) - mean(near)[:, None] * W)
        return {"W": [None, dW], "updates": [1, None]}, {}

    return Case("rules/self_organising_map", "5 - 14", {"W": up, "updates": (once, constant(before))}, expected, samples=10,
                settings={"gas": gas, "side": SIDE, "wide": 3.0, "narrow": 0.5, "half_life": 8.0, "lr": 0.5})


CASES = [case(neighbours, 0.0, 3), case(neighbours, 0.0, 100), case(ranks, 1.0, 3), case(ranks, 1.0, 100)]
