"""Hinton (2022): each layer makes its goodness, the mean square of its activity, large for right labels and small for
wrong ones, `dW = +-(1 - p or p) z n^T`; only the direction of the activity goes on."""

import numpy as np

from compare import Case
from mathematics import mean, outer, relu, rms, sigmoid
from network import classes, hidden, units, up
from optimisers import adam_memories, chosen, with_adam

TINY = 1e-8


def way_up(trial, label):
    """Activities and their directions, of the input and all hidden layers."""
    z, n = [trial.data + label @ trial["show"][trial.top].T], []
    for l in range(trial.top):
        if l > 0:
            z.append(relu(n[-1] @ trial["W"][l].T + trial["b"][l]))
        n.append(z[-1] / np.sqrt(rms(z[-1]) ** 2 + TINY))
    return z, n


def expected(trial):
    h, top = trial.h, trial.top
    wrong = trial.drawn("wrong.label")[top]
    assert (wrong.sum(1) == 1).all() and not (wrong * trial.target).any(), "a wrong label is one other label"
    gradients = {name: [None] * (top + 1) for name in ("W", "b")}
    passes = [(way_up(trial, trial.target), 1), (way_up(trial, wrong), -1)]
    for l in range(1, top):
        parts = []
        for (z, n), sign in passes:
            p = sigmoid(rms(z[l]) ** 2 - h.theta)
            pull = h.lr * (1 - p if sign > 0 else -p) * z[l]
            parts.append((outer(pull, n[l - 1]), mean(pull)))
        gradients["W"][l], gradients["b"][l] = (sum(part) for part in zip(*parts))
    increments = with_adam(trial, gradients, chosen("rules/forward_forward", "digits"))
    return increments, {"right.z": passes[0][0][0], "wrong.n": passes[1][0][1]}


def shown(chain):
    """From every layer to the input; only the output has a label to show."""
    return [(l, f"{chain.names[l]}->input", (chain.sizes[0], chain.sizes[l])) for l in range(1, chain.top + 1)]


CASES = [Case("rules/forward_forward", "5 - 6 relu - 4 relu - 3 softmax",
              adam_memories({"W": hidden(up), "b": hidden(units)}) | {"show": shown}, expected,
              settings={"theta": 0.5, "lr": 0.5}, target=classes, samples=12)]
