"""Srivastava et al. (2013): of every block the largest passes on, and hears an error; blocks are an axis of their own."""

import numpy as np

from compare import Case
from mathematics import backward, forward, per_layer, softmax, transposed, weights_and_thresholds
from network import classes, units, up

BLOCK = 3


def wins(a):
    """1 at the largest of each block."""
    blocks = a.reshape(len(a), -1, BLOCK)
    return np.eye(BLOCK)[blocks.argmax(-1)].reshape(a.shape)


def expected(trial):
    W, b = trial["W"], trial["b"]
    a, x = forward(W, b, trial.data, lambda a: a * wins(a), softmax)
    d = backward(transposed(W), a, x[-1] - trial.target, wins)
    states = {"forward.a": [None, *a[1:]], "forward.x": x, "backward.d": per_layer(np.negative, d)}
    return weights_and_thresholds(d, x, -trial.h.lr), states


CASES = [Case("rules/local_winners", "5 - 9 identity - 6 identity - 4 softmax", {"W": up, "b": units}, expected, rule="LocalWinners",
              settings={"lr": 0.5, "k": BLOCK}, target=classes)]
