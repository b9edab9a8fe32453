"""Riedmiller & Braun (1993), as Igel & Hüsken (2000, algorithm 4): the sign of the epoch's gradient times that of the one before
says what becomes of a step. The minibatch is the whole epoch."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, per_layer, softmax, transposed
from network import classes, gaussian, uniform, units, up


OF_WEIGHTS = ["W", "W.g", "W.old", "W.step"]


def moves(h, gathered, gradient, old, step):
    """What is added to a parameter, to what it has gathered, to the gradient before, and to its step."""
    same = np.sign(gradient) * np.sign(old)
    factor = np.select([same > 0, same < 0], [h.grow, h.shrink], 1.0)
    new = np.clip(step * factor, h.least, h.most)
    counted = np.where(same < 0, 0.0, gradient)
    return new * np.sign(counted), gradient - gathered, counted - old, new - step


def expected(trial):
    W, b = trial["W"], trial["b"]
    a, x = forward(W, b, trial.data, np.tanh, softmax)
    d = per_layer(np.negative, backward(transposed(W), a, x[-1] - trial.target, d_tanh))
    increments = {}
    gradients = {"": per_layer(lambda d, x: d.T @ x, d, [None, *x[:-1]]), "b": per_layer(lambda d: d.sum(0), d)}
    for end, gradient in gradients.items():
        names = ["b", "gb", "oldb", "stepb"] if end else OF_WEIGHTS
        change = lambda gradient, *given: moves(trial.h, given[0], gradient, *given[1:])
        changes = per_layer(change, gradient, *(trial[name] for name in names[1:]))
        for place, name in enumerate(names):
            increments[name] = per_layer(lambda change: change[place], changes)
    return increments, {"forward.x": x, "backward.d": d}


def numbers(place):
    """A parameter, and what it has gathered, the gradient before and its step."""
    return [place, (place, gaussian(0.5)), (place, gaussian(0.5)), (place, uniform(0.05, 0.2))]


PARAMETERS = dict(zip(OF_WEIGHTS, numbers(up))) | dict(zip(["b", "gb", "oldb", "stepb"], numbers(units)))
CASES = [Case("rules/rprop", "5 - 6 tanh - 4 tanh - 3 softmax", PARAMETERS, expected, rule="Rprop", target=classes,
              settings={"grow": 1.25, "shrink": 0.5, "most": 0.2, "least": 0.03125})]
