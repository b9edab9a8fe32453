"""Hinton (2002), contrastive divergence by one step of Gibbs sampling in each pair of layers, below a classifier."""

from compare import Case
from divergence import learned, visible
from mathematics import looks_drawn, sigmoid
from network import classes, gaussian, uniform, units, up


def expected(trial):
    W, a, b, top = trial["W"], trial["a"], trial["b"], trial.top
    s, fantasy, hidden_again = trial.drawn("wake.s"), trial.drawn("dream.v"), trial.drawn("dream.h")
    p, q = [trial.data] + [None] * top, [None] * (top + 1)
    for l in range(1, top):
        below = fantasy[l - 1]
        p[l] = sigmoid(s[l - 1] @ W[l].T + b[l])
        q[l] = sigmoid(below @ W[l].T + b[l])
        looks_drawn(s[l], p[l])
        looks_drawn(below, sigmoid(s[l] @ W[l] + a[l - 1]))
        looks_drawn(hidden_again[l], q[l])
    return learned(trial, s, p, fantasy, q), {"wake.p": [None, *p[1:]], "dream.q": q}


# Thresholds are far apart, so that what is drawn depends on them visibly.
CASES = [Case("rules/rbm", "5 - 6 sigmoid - 4 sigmoid - 3 softmax",
              {"W": up, "b": (units, gaussian(1)), "a": (visible, gaussian(1))}, expected,
              settings={"k": 1, "lr": 0.5}, target=classes, data=uniform(0, 1), samples=100)]
