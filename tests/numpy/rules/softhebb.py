"""Moraitis et al. (2022): Oja's rule weighted by a soft competition, `dW = y (x - u W)` with `y = softmax(u / T)`;
below a classifier by the delta rule."""

from compare import Case
from mathematics import mean, outer, relu, softmax
from network import classes, hidden, output, units, up


def expected(trial):
    h, x, W, R, b = trial.h, trial.data, trial["W"][1], trial["R"][2], trial["b"][2]
    u = x @ W.T
    y = softmax(u / h.T)
    feature = (relu(u) / u.max(1, keepdims=True)) ** 5
    guess = softmax(feature @ R.T + b)
    error = trial.target - guess
    dW = h.lr * (outer(y, x) - mean(y * u)[:, None] * W)
    increments = {"W": [None, dW, None], "R": [None, None, h.lr_out * outer(error, feature)],
                  "b": [None, None, h.lr_out * mean(error)]}
    return increments, {"respond.y": [None, y, None], "respond.x": [x, feature, guess]}


CASES = [Case("rules/softhebb", "5 - 7 relu - 3 softmax", {"W": hidden(up), "R": output(up), "b": output(units)}, expected,
              settings={"T": 0.5, "lr": 0.5, "lr_out": 0.25}, target=classes)]
