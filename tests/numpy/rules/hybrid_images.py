"""Hinton (2022), section 3.2: each layer makes its goodness, the mean square of its activity, large for images and small for
hybrids of two, `dW = +-(1 - p or p) z n^T`; the output hears the directions of all layers."""

import numpy as np

from compare import Case
from goodness import gradients, way_up
from mathematics import mean, outer, softmax
from network import Chain, classes, hidden, units, up
from optimisers import adam_memories, chosen, with_adam

ROWS, COLUMNS = 4, 5


def hybrids(trial):
    angle = trial.drawn("toss.Line.angle")[0]
    assert ((0 <= angle) & (angle < 2 * np.pi)).all() and np.ptp(angle) > np.pi, "the angles are not drawn from all around"
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    side = (row - (ROWS - 1) / 2) * np.cos(angle) + (column - (COLUMNS - 1) / 2) * np.sin(angle)
    return np.where(side > 0, trial.data, np.roll(trial.data, 1, 0))


def expected(trial):
    h, top = trial.h, trial.top
    image, hybrid = way_up(trial, trial.data), way_up(trial, hybrids(trial))
    increments = with_adam(trial, gradients(trial, image, hybrid), chosen("rules/hybrid_images", "digits"))
    _, n = image
    u = sum(n[l] @ trial["R"][l].T for l in range(1, top)) + trial["b"][top]
    error = h.lr_out * (trial.target - softmax(u))
    increments["R"] = [None] + [outer(error, n[l]) for l in range(1, top)] + [None]
    increments["b"][top] = mean(error)
    return increments, {"hybrid.z": hybrid[0], "image.u": [None] * top + [u]}


def to_output(chain):
    return [(l, *chain.edge(l, chain.top)) for l in range(1, chain.top)]


def parameters():
    """Adam has memories for the thresholds of hidden layers alone."""
    return adam_memories({"W": hidden(up), "b": hidden(units)}) | {"b": units, "R": to_output}


CASES = [Case("rules/hybrid_images", Chain(f"1x{ROWS}x{COLUMNS} - 6 relu - 4 relu - 3 softmax", [ROWS * COLUMNS, 6, 4, 3]),
              parameters(), expected, settings={"theta": 0.5, "lr": 0.5, "lr_out": 0.25}, target=classes, samples=40)]
