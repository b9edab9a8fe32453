"""Jabri & Flower (1992), Cauwenberghs (1993): all weights move a little at random, `dW = -(C(W + sigma xi) - C(W)) /
sigma xi`."""

import numpy as np

from compare import Case
from mathematics import Contrast, forward, looks_normal, softmax
from network import classes, up


def expected(trial):
    W, h, xi = trial["W"], trial.h, trial.redrawn("W.xi")
    looks_normal(np.concatenate([noise.ravel() for noise in xi[1:]]))
    perturbed = [None] + [w + h.sigma * noise for w, noise in zip(W[1:], xi[1:])]
    (_, x), (_, z) = (forward(weights, None, trial.data, np.tanh, softmax) for weights in (W, perturbed))
    C, perturbed_C = (-(trial.target * np.log(y[-1])).sum(1).mean() for y in (x, z))
    dW = [None] + [h.lr / h.sigma * Contrast(C * noise, perturbed_C * noise) for noise in xi[1:]]
    drawn = [None] + [new - old for new, old in zip(xi[1:], trial["W.xi"][1:])]
    return {"W": dW, "W.xi": drawn}, {"clean.x": x, "perturbed.z": z}


CASES = [Case("rules/weight_perturbation", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "W.xi": up}, expected,
              settings={"sigma": 0.25, "lr": 0.5}, target=classes)]
