"""Baydin et al. (2022), Ren et al. (2023): the derivative `D` of the cost in a random direction of all drives, times
the direction, `dW_l = -D xi_l x^T`. Here `D` is taken through the Jacobian matrices of the layers."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, looks_normal, mean, outer, softmax, transposed
from network import classes, units, up


def expected(trial):
    W, h, top = trial["W"], trial.h, trial.top
    a, x = forward(W, trial["b"], trial.data, np.tanh, softmax)
    xi = trial.drawn("forward.xi")
    looks_normal(np.concatenate(xi[1:], 1))
    slopes = backward(transposed(W), a, x[-1] - trial.target, d_tanh)
    D = sum((slopes[l] * xi[l]).sum(1, keepdims=True) for l in range(1, top + 1))
    increments = {"W": [None] + [-h.lr * outer(D * xi[l], x[l - 1]) for l in range(1, top + 1)],
                  "b": [None] + [-h.lr * mean(D * xi[l]) for l in range(1, top + 1)]}
    return increments, {"forward.x": x}


CASES = [Case("rules/forward_gradient", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "b": units}, expected,
              settings={"lr": 0.5}, target=classes, samples=20)]
