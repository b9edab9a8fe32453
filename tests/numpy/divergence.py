"""What rules of contrastive divergence have in common: pairs of layers that learn from the images and from a fantasy, below a
classifier."""

from mathematics import Contrast, mean, outer, softmax
from network import all_units


def visible(chain):
    """What has a layer of features above."""
    return all_units(chain)[:-2]


def learned(trial, seen, p, fantasy, q):
    """Increments from the units `p` that see `seen` and the units `q` that see a fantasy; and of the classifier, whose `p` is
    put in its place."""
    W, b, h, top = trial["W"], trial["b"], trial.h, trial.top
    increments = {name: [None] * (top + 1) for name in ("W", "a", "b")}
    for l in range(1, top):
        increments["W"][l] = h.lr * Contrast(outer(p[l], seen[l - 1]), outer(q[l], fantasy[l - 1]))
        increments["a"][l - 1] = h.lr * mean(Contrast(seen[l - 1], fantasy[l - 1]))
        increments["b"][l] = h.lr * mean(Contrast(p[l], q[l]))
    p[top] = softmax(p[top - 1] @ W[top].T + b[top])
    error = trial.target - p[top]
    increments["W"][top], increments["b"][top] = h.lr * outer(error, p[top - 1]), h.lr * mean(error)
    return increments
