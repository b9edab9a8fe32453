"""Vogels et al. (2011) in rates: `y = relu(E x - J i)`, `dJ = (y - rho) i^T`, J not below 0."""

import numpy as np

from compare import Case
from mathematics import outer, relu
from network import uniform, up

CELLS = 6


def expected(trial):
    x = np.abs(trial.data)
    i = x @ trial["K"][1].T
    y = relu(x @ trial["E"][1].T - i @ trial["J"][1].T)
    return {"J": [None, trial.h.lr * outer(y - trial.h.rho, i)]}, {"respond.y": [x, y], "respond.I.i": [None, i]}


def to_cells(chain):
    return [(1, "input->output", (CELLS, chain.sizes[0]))]


def from_cells(chain):
    return [(1, "output->output", (chain.sizes[1], CELLS))]


CASES = [Case("rules/inhibitory_plasticity", "5 - 4",
              {"E": (up, uniform(0, 1)), "K": (to_cells, uniform(0, 1)), "J": (from_cells, uniform(0, 0.25))}, expected,
              settings={"rho": 0.25, "lr": 0.5}, bounds={"J": lambda new: np.clip(new, 0, 100)})]
