"""Illing et al. (2021): a hinge loss of what a layer predicts of the next view, which is of the same image or of another; each layer
descends its own. Who gets which image, and the noise, is read from plrc: it must be a permutation, and the noise normal."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, looks_normal, mean, outer, softmax
from network import classes, gaussian, hidden, lateral, output, units, up


def layers(W, x):
    """Drives and activities of input and hidden layers."""
    a, xs = [None], [x]
    for weights in W[1:-1]:
        a.append(xs[-1] @ weights.T)
        xs.append(np.tanh(a[-1]))
    return a, xs


def shuffled(data, seen):
    """The images, in the order in which they have been given to others, by the distances from what has been seen."""
    order = ((seen[:, None] - data) ** 2).sum(2).argmin(1)
    assert sorted(order) == list(range(len(data))), "every sample gets one"
    assert (order != np.arange(len(data))).any(), "they are shuffled"
    return data[order]


def expected(trial):
    h, W, V, data = trial.h, trial["W"], trial["V"], trial.data
    inputs = {phase: trial.drawn(f"{phase}.x")[0] for phase in ("before", "same", "other")}
    other = shuffled(data, inputs["other"])
    images = {"before": data, "same": data, "other": other}
    looks_normal(np.concatenate([(inputs[phase] - images[phase]) / h.noise for phase in images]))
    _, clean = layers(W, data)
    guess = softmax(clean[-1] @ trial["R"][-1].T + trial["b"][-1])
    error = trial.target - guess
    _, before = layers(W, inputs["before"])
    views = {y: layers(W, inputs[phase]) for y, phase in ((1, "same"), (-1, "other"))}
    dW, dV = [None], [None]
    for l in range(1, trial.top):
        p = before[l] @ V[l].T
        terms = {}
        for y, (a, x) in views.items():
            surprised = (y * (p * x[l]).sum(1, keepdims=True) < 1) * 1.0
            terms[y] = outer(surprised * p * d_tanh(a[l]), x[l - 1]), outer(surprised * x[l], before[l])
        dW.append(h.lr * Contrast(terms[1][0], terms[-1][0]))
        dV.append(h.lr * Contrast(terms[1][1], terms[-1][1]))
    increments = {"W": [*dW, None], "V": [*dV, None], "R": [None] * trial.top + [h.lr_out * outer(error, clean[-1])],
                  "b": [None] * trial.top + [h.lr_out * mean(error)]}
    return increments, {"respond.x": [data, *clean[1:], guess], "same.x": [None, *views[1][1][1:], None],
                        "other.x": [None, *views[-1][1][1:], None]}


CASES = [Case("rules/clapp", "5 - 6 tanh - 4 tanh - 3 softmax",
              {"W": hidden(up), "V": (hidden(lateral), gaussian(1)), "R": output(up), "b": output(units)}, expected,
              settings={"noise": 0.0625, "lr": 0.5, "lr_out": 0.25}, target=classes, samples=20)]
