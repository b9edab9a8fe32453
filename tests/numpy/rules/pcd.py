"""Tieleman (2008): contrastive divergence in which every place of the minibatch has a chain that goes on where the last
update left it."""

from compare import Case
from mathematics import Contrast, looks_drawn, mean, outer, sigmoid, softmax
from network import all_units, bernoulli, classes, gaussian, hidden, uniform, units, up

CHAINS = 100


def expected(trial):
    W, a, b, h, top = trial["W"], trial["a"], trial["b"], trial.h, trial.top
    before, fantasy, after = trial["h"], trial.drawn("dream.v"), trial.drawn("dream.h")
    p, q = [trial.data] + [None] * top, [None] * (top + 1)
    increments = {name: [None] * (top + 1) for name in ("W", "a", "b")}
    for l in range(1, top):
        below = fantasy[l - 1]
        p[l] = sigmoid(p[l - 1] @ W[l].T + b[l])
        q[l] = sigmoid(below @ W[l].T + b[l])
        looks_drawn(below, sigmoid(before[l] @ W[l] + a[l - 1]))
        looks_drawn(after[l], q[l])
        increments["W"][l] = h.lr * Contrast(outer(p[l], p[l - 1]), outer(q[l], below))
        increments["a"][l - 1] = h.lr * mean(Contrast(p[l - 1], below))
        increments["b"][l] = h.lr * mean(Contrast(p[l], q[l]))
    p[top] = softmax(p[top - 1] @ W[top].T + b[top])
    error = trial.target - p[top]
    increments["W"][top], increments["b"][top] = h.lr * outer(error, p[top - 1]), h.lr * mean(error)
    return increments, {"wake.p": [None, *p[1:]], "dream.q": q}


def visible(chain):
    """What has a layer of features above."""
    return all_units(chain)[:-2]


def chains(chain):
    return [(layer, name, (CHAINS, *shape)) for layer, name, shape in hidden(units)(chain)]


# Thresholds are far apart, so that what is drawn depends on them visibly.
CASES = [Case("rules/pcd", "5 - 6 sigmoid - 4 sigmoid - 3 softmax",
              {"W": up, "b": (units, gaussian(1)), "a": (visible, gaussian(1)), "h": (chains, bernoulli(0.5))}, expected,
              settings={"k": 1, "lr": 0.5}, target=classes, data=uniform(0, 1), samples=CHAINS)]
