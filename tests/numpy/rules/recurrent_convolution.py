"""Liang & Hu (2015): `x(t) = f(W * x_below + R * x(t-1) + b)`, from `x(0) = f(W * x_below + b)`, and errors back through the same
steps. The kernel within the layer is written as the matrix between all of its units."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from compare import Case
from mathematics import d_tanh, mean, outer, softmax
from network import Chain, classes

MAPS, SIDE, KERNEL = 2, 4, 3


def within(R):
    """The matrix of a kernel between the units of a layer: from the place one row up it takes the kernel's first row."""
    full = np.zeros((MAPS, SIDE, SIDE, MAPS, SIDE, SIDE))
    for r, c, i, j in np.ndindex(SIDE, SIDE, KERNEL, KERNEL):
        row, column = r + i - KERNEL // 2, c + j - KERNEL // 2
        if 0 <= row < SIDE and 0 <= column < SIDE:
            full[:, r, c, :, row, column] = R[:, :, i, j]
    return full.reshape(MAPS * SIDE**2, MAPS * SIDE**2)


def of_kernel(dense):
    """What the pairs of units add to the kernel between them."""
    places = dense.reshape(MAPS, SIDE, SIDE, MAPS, SIDE, SIDE)
    sums = np.zeros((MAPS, MAPS, KERNEL, KERNEL))
    for r, c, i, j in np.ndindex(SIDE, SIDE, KERNEL, KERNEL):
        row, column = r + i - KERNEL // 2, c + j - KERNEL // 2
        if 0 <= row < SIDE and 0 <= column < SIDE:
            sums[:, :, i, j] += places[:, r, c, :, row, column]
    return sums


def expected(trial):
    (_, K, W), R, (_, b, c), lr = trial["W"], within(trial["R"][1]), trial["b"], trial.h.lr
    seen = sliding_window_view(trial.data.reshape(-1, SIDE + 2, SIDE + 2), (KERNEL, KERNEL), (1, 2))
    flat = lambda maps: maps.reshape(len(maps), -1)
    a = flat(np.einsum("nrckl,qkl->nqrc", seen, K[:, 0]) + b[:, None, None])
    a1 = a + np.tanh(a) @ R.T
    a2 = a + np.tanh(a1) @ R.T
    x = np.tanh(a2)
    guess = softmax(x @ W.T + c)
    error = trial.target - guess
    d2 = d_tanh(a2) * (error @ W)
    d1 = d_tanh(a1) * (d2 @ R)
    d = d2 + d1 + d_tanh(a) * (d1 @ R)
    maps = d.reshape(-1, MAPS, SIDE, SIDE)
    dK = np.einsum("nqrc,nrckl->qkl", maps, seen)[:, None] / len(d)
    dR = of_kernel(outer(d2, np.tanh(a1)) + outer(d1, np.tanh(a)))
    increments = {"W": [None, lr * dK, lr * outer(error, x)], "R": [None, lr * dR],
                  "b": [None, lr * mean(maps.sum((2, 3))), lr * mean(error)]}
    return increments, {"forward.x": [None, x, guess], "backward.d": [None, d, error]}


def kernels(chain):
    return [(1, "input->h1", (MAPS, 1, KERNEL, KERNEL)), (2, "h1->output", (chain.sizes[2], chain.sizes[1]))]


CASES = [Case("rules/recurrent_convolution", Chain("1x6x6 - conv 2 k3 tanh - 3 softmax", [36, MAPS * SIDE**2, 3]),
              {"W": kernels, "R": lambda _: [(1, "h1->h1", (MAPS, MAPS, KERNEL, KERNEL))],
               "b": lambda chain: [(1, "h1", (MAPS,)), (2, "output", (chain.sizes[2],))]},
              expected, target=classes, settings={"lr": 0.5})]
