"""Direct feedback (Nøkland 2016) to locally connected layers: who sees what is written down with loops over places."""

import numpy as np

from compare import Case
from mathematics import d_tanh, mean, outer, softmax
from network import Chain, classes, from_output, gaussian, output, units

RATIO, REACH, ROWS, CHANNELS = 2, 2.0, 6, 2
SIDE = ROWS // RATIO


def seen():
    """1 where a unit sees a pixel, `[unit, pixel]`."""
    field = np.zeros((CHANNELS, SIDE, SIDE, ROWS, ROWS))
    for row in range(SIDE):
        for column in range(SIDE):
            middle = [RATIO * at + (RATIO - 1) / 2 for at in (row, column)]
            for r in range(ROWS):
                for c in range(ROWS):
                    field[:, row, column, r, c] = max(abs(r - middle[0]), abs(c - middle[1])) <= REACH
    return field.reshape(CHANNELS * SIDE * SIDE, ROWS * ROWS)


def within(W):
    return seen() * W


def expected(trial):
    h, W, R, B, b = trial.h, trial["W"][1], trial["R"][1], trial["B"][1], trial["b"][2]
    a = trial.data @ W.T
    x = np.tanh(a)
    error = trial.target - softmax(x @ R.T + b)
    d = d_tanh(a) * (error @ B.T)
    increments = {"W": [None, h.lr * within(outer(d, trial.data)), None], "R": [None, h.lr * outer(error, x), None],
                  "b": [None, None, h.lr * mean(error)]}
    return increments, {"forward.a": [None, a, None], "backward.d": [None, d, error]}


def to_hidden(chain):
    return [(1, *chain.edge(0, 1))]


def readout(chain):
    return [(1, *chain.edge(1, 2))]


CASES = [Case("rules/receptive_fields", Chain(f"1x{ROWS}x{ROWS} - {CHANNELS}x{SIDE}x{SIDE} tanh - 3 softmax", [36, 18, 3]),
              {"W": (to_hidden, lambda random, shape: within(gaussian(0.5)(random, shape))),
               "W.field": (to_hidden, lambda _random, _shape: seen()), "R": readout, "B": from_output, "b": output(units)}, expected,
              settings={"ratio": float(RATIO), "reach": REACH, "lr": 0.5}, target=classes, bounds={"W": within})]
