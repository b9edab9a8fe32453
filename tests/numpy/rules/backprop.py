"""Rumelhart, Hinton & Williams (1986): `d_L = p - y` after softmax and cross-entropy, `d_l = f'(a_l) * W^T d_(l+1)`; on full
layers, and on one of kernels, whose increments are sums over all places, with a pool above."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from compare import Case
from mathematics import backward, d_tanh, forward, mean, outer, per_layer, softmax, transposed, weights_and_thresholds
from network import Chain, classes, units, up

POOL = 2


def expected(trial):
    W, b = trial["W"], trial["b"]
    a, x = forward(W, b, trial.data, np.tanh, softmax)
    d = backward(transposed(W), a, x[-1] - trial.target, d_tanh)
    minus_d = per_layer(np.negative, d)
    states = {"forward.a": [None, *a[1:]], "forward.x": x, "backward.d": minus_d}
    return weights_and_thresholds(d, x, -trial.h.lr), states


def pooled(x):
    """The means of windows side by side."""
    samples, channels, rows, columns = (*x.shape[:2], x.shape[2] // POOL, x.shape[3] // POOL)
    inside = x[:, :, :rows * POOL, :columns * POOL]
    return inside.reshape(samples, channels, rows, POOL, columns, POOL).mean((3, 5))


def unpooled(d, shape):
    """What the units below hear of the errors of their windows: the same share. Those in no window hear nothing."""
    heard = np.zeros(shape)
    shares = d.repeat(POOL, 2).repeat(POOL, 3) / POOL**2
    heard[:, :, :shares.shape[2], :shares.shape[3]] = shares
    return heard


def with_kernels(shape, stride, padding):
    """A network of an input of this shape, a layer of kernels, a pool, and a full output."""

    def expected(trial):
        (_, K, W), (_, b, c), lr = trial["W"], trial["b"], trial.h.lr
        image = np.pad(trial.data.reshape(-1, *shape), [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        seen = sliding_window_view(image, K.shape[2:], (2, 3))[:, :, ::stride, ::stride]
        a = np.einsum("nprckl,qpkl->nqrc", seen, K) + b[:, None, None]
        maps = pooled(np.tanh(a))
        features = maps.reshape(len(maps), -1)
        guess = softmax(features @ W.T + c)
        error = trial.target - guess
        d = d_tanh(a) * unpooled((error @ W).reshape(maps.shape), a.shape)
        dK = np.einsum("nqrc,nprckl->qpkl", d, seen) / len(d)
        increments = {"W": [None, lr * dK, lr * outer(error, features)],
                      "b": [None, lr * mean(d.sum((2, 3))), lr * mean(error)]}
        flat = lambda maps: maps.reshape(len(maps), -1)
        return increments, {"forward.a": [None, flat(a), None], "forward.x": [None, None, guess],
                            "backward.d": [None, flat(d), error]}

    return expected


def kernels(channels, below, size, inputs):
    """The place of the weights: a kernel for each pair of channels, then a full matrix."""
    return lambda chain: [(1, "input->h1", (channels, below, size, size)), (2, "h1->output", (chain.sizes[2], inputs))]


def thresholds(channels):
    return lambda chain: [(1, "h1", (channels,)), (2, "output", (chain.sizes[2],))]


HOW = {"rule": "Backprop", "settings": {"lr": 0.5}, "target": classes}
CASES = [
    Case("backprop", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "b": units}, expected, **HOW),
    Case("backprop", Chain("1x6x6 - conv 2 k3 tanh - avgpool 2 - 3 softmax", [36, 32, 3]),
         {"W": kernels(2, 1, 3, 8), "b": thresholds(2)}, with_kernels((1, 6, 6), 1, 0), **HOW),
    Case("backprop", Chain("2x9x9 - conv 3 k3 s2 p1 tanh - avgpool 2 - 4 softmax", [162, 75, 4]),
         {"W": kernels(3, 2, 3, 12), "b": thresholds(3)}, with_kernels((2, 9, 9), 2, 1), **HOW),
]
