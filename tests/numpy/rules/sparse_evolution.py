"""Mocanu et al. (2018): after backpropagation among the synapses that there are, the weak ones are taken away, and others
put where there were none. The minibatch is the whole epoch."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, looks_drawn, outer, per_layer, softmax, transposed, weights_and_thresholds
from network import bernoulli, classes, gaussian, units, up


def expected(trial):
    h, m, sprout = trial.h, trial["W.m"], trial.redrawn("W.sprout")
    W = trial["W"]
    a, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    d = per_layer(np.negative, backward(transposed(W), a, x[-1] - trial.target, d_tanh))
    added = weights_and_thresholds(d, x, h.lr)
    added["W"] = per_layer(np.multiply, added["W"], m)
    learned = per_layer(np.add, W, added["W"])
    for drawn in sprout[1:]:
        looks_drawn(drawn.reshape(-1, 1), np.full((drawn.size, 1), h.grow))
    stays = per_layer(lambda w, m: m * (np.abs(w) > h.weak), learned, m)
    there = per_layer(lambda stays, m, sprout: np.where(m == 1, stays, sprout), stays, m, sprout)
    added["W.m"] = per_layer(np.subtract, there, m)
    added["W.sprout"] = per_layer(np.subtract, sprout, trial["W.sprout"])
    return added, {"forward.x": x, "backward.d": d}, {"W": per_layer(np.multiply, learned, there)}


def every_other(_random, shape):
    return np.indices(shape).sum(0) % 2


def present(random, shape):
    return gaussian(0.5)(random, shape) * every_other(random, shape)


PARAMETERS = {"W": (up, present), "b": units, "W.m": (up, every_other), "W.sprout": (up, bernoulli(0.5))}
CASES = [Case("rules/sparse_evolution", "9 - 8 tanh - 6 tanh - 3 softmax", PARAMETERS, expected, rule="SparseEvolution",
              target=classes, settings={"lr": 0.5, "weak": 0.25, "grow": 0.375})]
