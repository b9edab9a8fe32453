"""Meulemans et al. (2020), target propagation: targets come down through what undoes the activations, `arctanh`, and through
decoders V that learn to undo the weights, from noise that is sent up."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, forward, linear, looks_normal, mean, outer
from network import down, gaussian, units, up
from optimisers import adam_memories, chosen, with_adam

MOST = 0.999


def expected(trial):
    W, V, h, top = trial["W"], trial["V"], trial.h, trial.top
    a, x = forward(W, trial["b"], trial.data, np.tanh, linear)
    t = [None] * top + [x[top] - h.eta * (x[top] - trial.target)]
    for l in range(top - 1, 0, -1):
        above = t[l + 1] if l + 1 == top else np.arctanh(np.clip(t[l + 1], -MOST, MOST))
        t[l] = x[l] + (above - a[l + 1]) @ V[l + 1].T
    gradients = {"W": [None] * (top + 1), "b": [None] * (top + 1)}
    for l in range(1, top + 1):
        d = h.lr / h.eta * (t[l] - x[l]) * (1 if l == top else d_tanh(a[l]))
        gradients["W"][l], gradients["b"][l] = outer(d, x[l - 1]), mean(d)
    increments = with_adam(trial, gradients, chosen("rules/target_inverse", "digits"))
    increments["V"] = [None] * (top + 1)
    z = trial.drawn("invert.z")
    for l in range(1, top):
        looks_normal(z[l])
        y = z[l] @ (W[l + 1] + value(increments["W"][l + 1])).T
        increments["V"][l + 1] = h.lr_v * Contrast(outer(z[l], y), outer(y @ V[l + 1].T, y))
    return increments, {"targets.t": t}


def value(increment):
    return getattr(increment, "value", increment)


CASES = [Case("rules/target_inverse", "5 - 6 tanh - 4 tanh - 3", adam_memories({"W": up, "b": units}) | {"V": down}, expected,
              settings={"eta": 0.25, "lr": 0.5, "lr_v": 0.25}, data=gaussian(0.25), samples=20)]
