"""Hinton (2002), contrastive divergence by one step of Gibbs sampling in each pair of layers, below a classifier."""

from compare import Case
from mathematics import Contrast, looks_drawn, mean, outer, sigmoid, softmax
from network import all_units, classes, gaussian, uniform, units, up


def expected(trial):
    W, a, b, h, top = trial["W"], trial["a"], trial["b"], trial.h, trial.top
    s, fantasy, hidden_again = trial.drawn("wake.s"), trial.drawn("dream.v"), trial.drawn("dream.h")
    p, q = [trial.data] + [None] * top, [None] * (top + 1)
    increments = {name: [None] * (top + 1) for name in ("W", "a", "b")}
    for l in range(1, top):
        below = fantasy[l - 1]
        p[l] = sigmoid(s[l - 1] @ W[l].T + b[l])
        q[l] = sigmoid(below @ W[l].T + b[l])
        looks_drawn(s[l], p[l])
        looks_drawn(below, sigmoid(s[l] @ W[l] + a[l - 1]))
        looks_drawn(hidden_again[l], q[l])
        increments["W"][l] = h.lr * Contrast(outer(p[l], s[l - 1]), outer(q[l], below))
        increments["a"][l - 1] = h.lr * mean(Contrast(s[l - 1], below))
        increments["b"][l] = h.lr * mean(Contrast(p[l], q[l]))
    p[top] = softmax(p[top - 1] @ W[top].T + b[top])
    error = trial.target - p[top]
    increments["W"][top], increments["b"][top] = h.lr * outer(error, p[top - 1]), h.lr * mean(error)
    return increments, {"wake.p": [None, *p[1:]], "dream.q": q}


def visible(chain):
    """What has a layer of features above."""
    return all_units(chain)[:-2]


# Thresholds are far apart, so that what is drawn depends on them visibly.
CASES = [Case("rules/rbm", "5 - 6 sigmoid - 4 sigmoid - 3 softmax",
              {"W": up, "b": (units, gaussian(1)), "a": (visible, gaussian(1))}, expected,
              settings={"k": 1, "lr": 0.5}, target=classes, data=uniform(0, 1), samples=100)]
