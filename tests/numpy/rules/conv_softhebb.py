"""Journé et al. (2023): at every place the channels compete, `dW = y (patch - u W)` with `y = softmax(u / T)` over them, and a
kernel adds up what it learns at all places; below a classifier by the delta rule."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from compare import Case
from mathematics import mean, outer, relu, softmax
from network import Chain, classes, gaussian
from rules.backprop import kernels, pooled

SHAPE, CHANNELS, SIZE, FEATURES = (1, 6, 6), 3, 3, 12


def expected(trial):
    h, (_, W, _), (_, _, R), b = trial.h, trial["W"], trial["R"], trial["b"][2]
    seen = sliding_window_view(trial.data.reshape(-1, *SHAPE), (SIZE, SIZE), (2, 3))
    u = np.einsum("nprckl,qpkl->nqrc", seen, W)
    y = softmax((u / h.T).swapaxes(1, 3)).swapaxes(1, 3)
    x = (relu(u) / np.maximum(u.max(1, keepdims=True), 1e-6)) ** h.n
    features = pooled(x).reshape(len(x), -1)
    error = trial.target - softmax(features @ R.T + b)
    share = (y * u).sum((2, 3)).mean(0)[:, None, None, None]
    dW = np.einsum("nqrc,nprckl->qpkl", y, seen) / len(y) - share * W
    increments = {"W": [None, h.lr * dW, None], "R": [None, None, h.lr_out * outer(error, features)],
                  "b": [None, None, h.lr_out * mean(error)]}
    flat = lambda maps: maps.reshape(len(maps), -1)
    return increments, {"respond.u": [None, flat(u), None], "respond.y": [None, flat(y), None]}


def kernel(chain):
    return kernels(CHANNELS, 1, SIZE, FEATURES)(chain)[:1]


def readout(chain):
    return kernels(CHANNELS, 1, SIZE, FEATURES)(chain)[1:]


def thresholds(chain):
    return [(2, "output", (chain.sizes[2],))]


CASES = [Case("rules/conv_softhebb", Chain("1x6x6 - conv 3 k3 relu - avgpool 2 - 3 softmax", [36, 48, 3]),
              {"W": (kernel, gaussian(0.5)), "R": readout, "b": thresholds}, expected,
              settings={"T": 0.5, "n": 3.0, "lr": 0.5, "lr_out": 0.25}, target=classes)]
