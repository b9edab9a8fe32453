"""Benna & Fusi (2016): a chain of six vessels, `C du/dt = -L u`, where `L` is the Laplacian of the pipes that join them;
what an event writes goes into the first."""

import numpy as np

from compare import Case
from mathematics import looks_drawn, outer
from network import up

VESSELS = ["W", "W.u1", "W.u2", "W.u3", "W.u4", "W.u5"]


def flow(g):
    """What a step adds, as a matrix: `-C^-1 L`."""
    ends = np.diff(np.eye(len(VESSELS)), axis=0)
    pipes = g * 0.5 ** np.arange(len(ends))
    return -(ends.T @ np.diag(pipes) @ ends) / 2.0 ** np.arange(len(VESSELS))[:, None]


def expected(trial):
    h, x = trial.h, trial.drawn("event.x")
    for layer in x[1:]:
        looks_drawn((layer + 1) / 2, np.full(layer.shape, 0.5))
    levels = [trial[name] for name in VESSELS]
    increments = {name: [None] for name in VESSELS}
    for l in range(1, trial.top + 1):
        added = np.tensordot(flow(h.g), np.stack([level[l] for level in levels]), 1)
        added[0] += h.write * outer(x[l], x[l - 1])
        for name, step in zip(VESSELS, added):
            increments[name].append(step)
    return increments, {"event.x": [np.sign(trial.data)] + [None] * trial.top}


CASES = [Case("rules/benna_fusi", "5 - 4 - 3", {name: up for name in VESSELS}, expected,
              settings={"g": 0.375, "write": 0.25}, samples=100)]
