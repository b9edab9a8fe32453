"""The rules of `cases.plr` as it writes them, for any array library: every step computes all of its equations again, the contrast of
two phases is two products, and what has a name in the rule has one here. The `…_plain_peer` files say which library.

Every function takes the parameters (a dictionary, weights `[post, pre]`) and one minibatch, and yields names of parameters with what
is to be added to them, averaged over the minibatch. What comes later is not computed from parameters that may have changed by then.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from types import ModuleType
from typing import Callable

ONE_HIDDEN = ("input", "h1", "output")
TWO_HIDDEN = ("input", "h1", "h2", "output")


@dataclass
class Library:
    """What the equations need beyond what arrays of all libraries can do themselves."""

    arrays: ModuleType
    repeat: Callable  # (steps, step, state): the state after so many steps
    convolve: Callable  # (low, kernel): what the units above hear
    back: Callable  # (high, kernel): what the units below hear
    of_kernel: Callable  # (high, low, kernel): post times pre for each weight of the kernel
    pool: Callable
    unpool: Callable


def repeat(steps, step, state):
    for _ in range(steps):
        state = step(state)
    return state


class Dense:
    """A synapse between all units of two layers: what those above hear, what those below hear, post times pre summed over samples; a bias
    as something to add to what is heard, and the sum that a bias learns from.
    """

    def up(self, w, low):
        return low @ w.T

    def down(self, w, high):
        return high @ w

    def outer(self, w, high, low):
        return high.T @ low

    def spread(self, b):
        return b

    def total(self, high):
        return high.sum(0)


class Flat(Dense):
    """A dense synapse from maps, whose shape is given."""

    def __init__(self, *maps):
        self.maps = maps

    def up(self, w, low):
        return super().up(w, low.reshape(len(low), -1))

    def down(self, w, high):
        return super().down(w, high).reshape(len(high), *self.maps)

    def outer(self, w, high, low):
        return super().outer(w, high, low.reshape(len(low), -1))


class Convolution:
    """A synapse of kernels that slide over maps."""

    def __init__(self, library):
        self.library = library

    def up(self, w, low):
        return self.library.convolve(low, w)

    def down(self, w, high):
        return self.library.back(high, w)

    def outer(self, w, high, low):
        return self.library.of_kernel(high, low, w)

    def spread(self, b):
        return b[:, None, None]

    def total(self, high):
        return high.sum((0, 2, 3))


class Pooled:
    """A synapse that hears means of two by two units."""

    def __init__(self, library, synapse):
        self.library, self.synapse = library, synapse
        self.spread, self.total = synapse.spread, synapse.total

    def up(self, w, low):
        return self.synapse.up(w, self.library.pool(low))

    def down(self, w, high):
        return self.library.unpool(self.synapse.down(w, high))

    def outer(self, w, high, low):
        return self.synapse.outer(w, high, self.library.pool(low))


def relu(a):
    return a.clip(0)


def hard_sigmoid(a):
    return a.clip(0, 1)


def parameters(p, layers):
    """The weights and biases from below to above."""
    return [p[f"W/{low}->{high}"] for low, high in pairwise(layers)], [p[f"b/{layer}"] for layer in layers[1:]]


def learn(layers, rate, post, pre):
    """`W += rate * post * pre` and `b += rate * post` for every synapse."""
    for low, high, d, heard in zip(layers, layers[1:], post, pre):
        yield f"W/{low}->{high}", rate * d.T @ heard
        yield f"b/{high}", rate * d.sum(0)


def feed(p, x, t, lr, back):
    """Forward, the error backwards through the matrices that `back` names, update."""
    (w1, w2, w3), (b1, b2, b3) = parameters(p, TWO_HIDDEN)
    a1 = x @ w1.T + b1
    x1 = relu(a1)
    a2 = x1 @ w2.T + b2
    x2 = relu(a2)
    a3 = x2 @ w3.T + b3
    back2, back3 = back(p)
    d3 = t - a3
    d2 = (a2 > 0) * (d3 @ back3)
    d1 = (a1 > 0) * (d2 @ back2)
    return learn(TWO_HIDDEN, lr / len(x), (d1, d2, d3), (x, x1, x2))


def backprop(p, x, t):
    return feed(p, x, t, 0.01, lambda p: (p["W/h1->h2"], p["W/h2->output"]))


def feedback_alignment(p, x, t):
    return feed(p, x, t, 0.001, lambda p: (p["B/h2->h1"].T, p["B/output->h2"].T))


def equilibrium_propagation(library, layers, synapses, shapes, free, nudged, p, x, t, beta=0.5, lr=0.05):
    ws, bs = parameters(p, layers)

    def drives(s):
        """`W @ below.s + W.T @ above.s + b` of every layer above the input."""
        found = [synapse.up(w, low) + synapse.spread(b) for synapse, w, low, b in zip(synapses, ws, s, bs)]
        downwards = zip(found, synapses[1:], ws[1:], s[2:])
        return [drive + synapse.down(w, high) for drive, synapse, w, high in downwards] + found[-1:]

    def free_step(s):
        return [x, *map(hard_sigmoid, drives(s))]

    def nudged_step(s):
        *hidden, top = drives(s)
        return [x, *map(hard_sigmoid, hidden), hard_sigmoid(top + beta * (t - s[-1]))]

    zeros = [library.arrays.zeros((len(x), *shape), dtype=x.dtype) for shape in shapes]
    f = library.repeat(free, free_step, [x, *zeros])
    s = library.repeat(nudged, nudged_step, f)
    rate = lr / beta / len(x)
    for i, (synapse, w) in enumerate(zip(synapses, ws)):
        yield f"W/{layers[i]}->{layers[i + 1]}", rate * (synapse.outer(w, s[i + 1], s[i]) - synapse.outer(w, f[i + 1], f[i]))
        yield f"b/{layers[i + 1]}", rate * synapse.total(s[i + 1] - f[i + 1])


def ep_convolutions(library, p, x, t):
    synapses = [Convolution(library), Pooled(library, Convolution(library)), Pooled(library, Flat(64, 4, 4))]
    shapes, image = ((32, 24, 24), (64, 8, 8), (10,)), x.reshape(-1, 1, 28, 28)
    return equilibrium_propagation(library, TWO_HIDDEN, synapses, shapes, 30, 10, p, image, t)


def predictive_coding(library, p, x, t, gamma=0.1, steps=20, lr=0.005):
    ws, bs = parameters(p, TWO_HIDDEN)
    f = library.arrays.tanh

    def slope(x):
        return 1 - f(x) ** 2

    def predict(below, w, b):
        return below @ w.T + b

    def errors(hidden):
        """Every layer's error, and what each weight hears."""
        pre = [x, *map(f, hidden)]
        return [own - predict(*below) for own, below in zip([*hidden, t], zip(pre, ws, bs))], pre

    def step(hidden):
        e, _ = errors(hidden)
        return [h + gamma * (slope(h) * (above @ w) - own) for h, own, above, w in zip(hidden, e, e[1:], ws[1:])]

    x1 = predict(x, ws[0], bs[0])
    e, pre = errors(library.repeat(steps, step, [x1, predict(f(x1), ws[1], bs[1])]))
    return learn(TWO_HIDDEN, lr / len(x), e, pre)


def oja(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    yield "W/input->output", (lr * y)[:, None] * (v - y[:, None] * w)


def sanger(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    yield "W/input->output", (lr * y)[:, None] * (v - (y[:, None] * w).cumsum(0))


def rules(library):
    """The rule of each case, in the words of one library."""
    ep = partial(equilibrium_propagation, library)
    return {
        "backprop": backprop,
        "feedback_alignment": feedback_alignment,
        "ep_one_hidden": partial(ep, ONE_HIDDEN, [Dense()] * 2, ((500,), (10,)), 20, 4),
        "ep_two_hidden": partial(ep, TWO_HIDDEN, [Dense()] * 3, ((512,), (512,), (10,)), 30, 10),
        "ep_convolutions": partial(ep_convolutions, library),
        "predictive_coding": partial(predictive_coding, library),
        "oja": oja,
        "sanger": sanger,
    }


def in_place(rule):
    """An update that changes the parameters where they are."""

    def update(p, x, t):
        for name, change in rule(p, x, t):
            weights = p[name]
            weights += change

    return update
