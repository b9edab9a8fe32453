"""Goodfellow et al. (2013): `x = max_j (W_j x + b_j)`, with the pieces of a unit along an axis of their own; an error goes to the
piece that was the largest."""

import numpy as np

from compare import Case
from mathematics import softmax
from network import classes

PIECES = 3


def pieces_up(chain):
    """The weights of all pieces, unit by unit."""
    return [(layer, edge, (PIECES * post, pre)) for layer in range(1, chain.top + 1)
            for edge, (post, pre) in [chain.edge(layer - 1, layer)]]


def pieces(chain):
    return [(layer, chain.names[layer], (PIECES * chain.sizes[layer],)) for layer in range(1, chain.top + 1)]


def expected(trial):
    W, b = trial["W"], trial["Piece.b"]
    x, z = [trial.data], [None]
    for layer in range(1, trial.top + 1):
        z.append(np.einsum("npk,sk->snp", W[layer].reshape(-1, PIECES, x[-1].shape[1]), x[-1]) + b[layer].reshape(-1, PIECES))
        x.append(z[-1].max(-1))
    guess = softmax(x[-1])
    d, increments = trial.target - guess, {"W": [None] * len(W), "Piece.b": [None] * len(b)}
    errors = [None] * len(W)
    for layer in range(trial.top, 0, -1):
        errors[layer] = d
        e = np.eye(PIECES)[z[layer].argmax(-1)] * d[:, :, None]
        dW = np.einsum("snp,sk->npk", e, x[layer - 1]) / len(d)
        increments["W"][layer] = trial.h.lr * dW.reshape(W[layer].shape)
        increments["Piece.b"][layer] = trial.h.lr * e.mean(0).reshape(-1)
        d = np.einsum("snp,npk->sk", e, W[layer].reshape(-1, PIECES, x[layer - 1].shape[1]))
    states = {"forward.Piece.z": [None, *(values.reshape(len(values), -1) for values in z[1:])],
              "forward.x": [*x[:-1], guess], "backward.d": errors}
    return increments, states


CASES = [Case("rules/maxout", "5 - 6 identity - 4 identity - 3 softmax", {"W": pieces_up, "Piece.b": pieces}, expected, rule="Maxout",
              settings={"lr": 0.5, "k": PIECES}, target=classes)]
