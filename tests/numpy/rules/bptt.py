"""Werbos (1990), backpropagation through time: the forward pass keeps every step, and errors come back through them."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer, per_layer, softmax
from network import classes, hidden, lateral, units, up


def expected(trial):
    h, data = trial.h, trial.data
    (W, W_out), R, (b, b_out) = trial["W"][1:], trial["R"][1], trial["b"][1:]
    steps, x = data.shape[1], [np.zeros((len(data), len(W)))]
    a, errors = [], []
    for t in range(steps):
        a.append(data[:, t] @ W.T + x[-1] @ R.T + b)
        x.append(np.tanh(a[-1]))
        errors.append(trial.target[:, t] - softmax(x[-1] @ W_out.T + b_out))
    dW, dW_out, dR = np.zeros_like(W), np.zeros_like(W_out), np.zeros_like(R)
    db, db_out, d = np.zeros_like(b), np.zeros_like(b_out), np.zeros_like(x[0])
    for t in reversed(range(steps)):
        d = d_tanh(a[t]) * (errors[t] @ W_out + d @ R)
        dW += outer(d, data[:, t])
        dR += outer(d, x[t])
        dW_out += outer(errors[t], x[t + 1])
        db, db_out = db + mean(d), db_out + mean(errors[t])
    gathered = {"W": [None, dW, dW_out], "R": [None, dR, None], "b": [None, db, db_out]}
    increments = {name: per_layer(lambda sum: h.lr * sum, sums) for name, sums in gathered.items()}
    # It takes the place of what there was.
    for name, sums in {"W.G": "W", "R.G": "R", "db": "b"}.items():
        increments[name] = per_layer(Contrast, gathered[sums], trial[name])
    return increments, {"forward.x": [None, x[-1], None], "backward.d": [None, d, None]}


CASES = [Case("rules/bptt", "5 - 6 tanh - 3 softmax",
              {"W": up, "R": hidden(lateral), "b": units, "W.G": up, "R.G": hidden(lateral), "db": units}, expected,
              target=classes, steps=8, settings={"lr": 0.5})]
