"""Liao, Leibo & Poggio (2016), Moskovitz et al. (2018): errors come down through the signs of the weights; or signs are
given for ever and only sizes are learned, which stop at 0."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, mean, outer, per_layer, softmax, transposed, weights_and_thresholds
from network import classes, down, uniform, units, up


def through(trial, W, signs):
    a, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    back = [None if s is None else trial.h.g * s.T for s in signs]
    return x, backward(back, a, trial.target - x[-1], d_tanh)


def transported(trial):
    W = trial["W"]
    x, d = through(trial, W, per_layer(np.sign, W))
    return weights_and_thresholds(d, x, trial.h.lr), {"forward.x": x, "backward.d": d}


def given(trial):
    s, lr = trial["W.s"], trial.h.lr
    x, d = through(trial, per_layer(np.multiply, s, trial["W"]), transposed(trial["S"]))
    dW = per_layer(lambda s, d, x: lr * s * outer(d, x), s, d, [None, *x[:-1]])
    return {"W": dW, "b": per_layer(lambda d: lr * mean(d), d)}, {"forward.x": x, "backward.d": d}


def signs(random, shape):
    return random.choice([-1.0, 1.0], shape)


NETWORK, SETTINGS = "5 - 6 tanh - 4 tanh - 3 softmax", {"lr": 2.0, "g": 0.25}
CASES = [
    Case("rules/sign_symmetry", NETWORK, {"W": up, "b": units}, transported, rule="SignSymmetry", settings=SETTINGS,
         target=classes),
    Case("rules/sign_symmetry", NETWORK,
         {"W": (up, uniform(0, 0.5)), "W.s": (up, signs), "S": (down, signs), "b": units}, given, rule="FixedSigns",
         settings=SETTINGS, target=classes, bounds={"W": lambda new: np.clip(new, 0, 100)}),
]
