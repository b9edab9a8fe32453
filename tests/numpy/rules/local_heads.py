"""Nøkland & Eidnes (2019): every hidden layer has a classifier of its own, and learns from its error alone."""

import numpy as np

from compare import Case
from mathematics import d_tanh, forward, mean, outer, per_layer, softmax, weights_and_thresholds
from network import classes, constant, units, up


def expected(trial):
    h = trial.h
    a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, softmax)
    guess = per_layer(lambda x, V, c: softmax(x @ V.T + c), x, trial["V"], trial["Head.c"])
    e = per_layer(lambda p: trial.target - p, guess)
    d = per_layer(lambda a, B, e: d_tanh(a) * (e @ B.T), a, trial["B"], e)
    d[-1] = trial.target - x[-1]
    gradient = per_layer(outer, e, x)
    increments = weights_and_thresholds(d, x, h.lr) | {
        "V": per_layer(lambda g: h.lr * g, gradient),
        "B": per_layer(lambda g: h.lr * g.T, gradient),
        "Head.c": per_layer(lambda e: h.lr * mean(e), e),
    }
    return increments, {"forward.x": x, "judge.Head.p": guess, "judge.d": d}


def heads(chain):
    return [(l, chain.names[l], (chain.sizes[-1],)) for l in range(1, chain.top)]


def to_heads(chain):
    return [(l, f"{chain.names[l]}->{chain.names[l]}", (chain.sizes[-1], chain.sizes[l])) for l in range(1, chain.top)]


def from_heads(chain):
    return [(l, name, shape[::-1]) for l, name, shape in to_heads(chain)]


def teaching(chain):
    return [(l, f"output->{chain.names[l]}", (chain.sizes[-1],)) for l in range(1, chain.top)]


CASES = [Case("rules/local_heads", "5 - 6 tanh - 4 tanh - 3 softmax",
              {"W": up, "b": units, "V": to_heads, "B": from_heads, "Head.c": heads, "teach": (teaching, constant(1))},
              expected, settings={"lr": 0.5}, target=classes)]
