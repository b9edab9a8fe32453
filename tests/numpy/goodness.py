"""What the rules of Hinton (2022), forward-forward, have in common: layers whose goodness is the mean square of their activity."""

import numpy as np

from mathematics import mean, outer, relu, rms, sigmoid

TINY = 1e-8


def way_up(trial, bottom):
    """Activities and their directions, of the input and all hidden layers."""
    z, n = [bottom], []
    for l in range(trial.top):
        if l > 0:
            z.append(relu(n[-1] @ trial["W"][l].T + trial["b"][l]))
        n.append(z[-1] / np.sqrt(rms(z[-1]) ** 2 + TINY))
    return z, n


def gradients(trial, good, bad):
    """Towards more goodness on the one way up, and less on the other: `+-(1 - p or p) z n^T`."""
    h, top = trial.h, trial.top
    found = {name: [None] * (top + 1) for name in ("W", "b")}
    for l in range(1, top):
        parts = []
        for (z, n), sign in [(good, 1), (bad, -1)]:
            p = sigmoid(rms(z[l]) ** 2 - h.theta)
            pull = h.lr * (1 - p if sign > 0 else -p) * z[l]
            parts.append((outer(pull, n[l - 1]), mean(pull)))
        found["W"][l], found["b"][l] = (sum(part) for part in zip(*parts))
    return found
