"""Tieleman (2008): contrastive divergence in which every place of the minibatch has a chain that goes on where the last
update left it."""

from compare import Case
from divergence import learned, visible
from mathematics import looks_drawn, sigmoid
from network import bernoulli, classes, gaussian, hidden, uniform, units, up

CHAINS = 100


def expected(trial):
    W, a, b, top = trial["W"], trial["a"], trial["b"], trial.top
    before, fantasy, after = trial["h"], trial.drawn("dream.v"), trial.drawn("dream.h")
    p, q = [trial.data] + [None] * top, [None] * (top + 1)
    for l in range(1, top):
        below = fantasy[l - 1]
        p[l] = sigmoid(p[l - 1] @ W[l].T + b[l])
        q[l] = sigmoid(below @ W[l].T + b[l])
        looks_drawn(below, sigmoid(before[l] @ W[l] + a[l - 1]))
        looks_drawn(after[l], q[l])
    return learned(trial, p, p, fantasy, q), {"wake.p": [None, *p[1:]], "dream.q": q}


def chains(chain):
    return [(layer, name, (CHAINS, *shape)) for layer, name, shape in hidden(units)(chain)]


# Thresholds are far apart, so that what is drawn depends on them visibly.
CASES = [Case("rules/pcd", "5 - 6 sigmoid - 4 sigmoid - 3 softmax",
              {"W": up, "b": (units, gaussian(1)), "a": (visible, gaussian(1)), "h": (chains, bernoulli(0.5))}, expected,
              settings={"k": 1, "lr": 0.5}, target=classes, data=uniform(0, 1), samples=CHAINS)]
