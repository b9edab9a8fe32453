"""Cornford et al. (2021), Dale's law: excitatory and inhibitory weights of one sign, `a = E x - J i + b` with
`i = K x`, which stop at 0; errors come by fixed random synapses."""

import numpy as np

from compare import Case
from mathematics import d_relu, mean, outer, relu, softmax
from network import classes, down, uniform, units, up

CELLS = 10


def expected(trial):
    E, J, K, B, C, b, h, top = (*(trial[name] for name in "EJKBCb"), trial.h, trial.top)
    a, x, i = [None], [trial.data], [None]
    for l in range(1, top + 1):
        i.append(x[-1] @ K[l].T)
        a.append(x[-1] @ E[l].T - i[l] @ J[l].T + b[l])
        x.append((softmax if l == top else relu)(a[l]))
    d = [None] * top + [trial.target - x[top]]
    for l in range(top - 1, 0, -1):
        d[l] = d_relu(a[l]) * (d[l + 1] @ B[l + 1].T)
    layers = range(1, top + 1)
    k = [None] + [-d[l] @ C[l].T for l in layers]
    increments = {"E": [None] + [h.lr * outer(d[l], x[l - 1]) for l in layers],
                  "J": [None] + [-h.lr_i * outer(d[l], i[l]) for l in layers],
                  "K": [None] + [h.lr_i * outer(k[l], x[l - 1]) for l in layers],
                  "b": [None] + [h.lr * mean(d[l]) for l in layers]}
    return increments, {"forward.x": x, "forward.I.i": i, "backward.d": d, "backward.I.k": k}


def to_cells(chain):
    return [(l, f"{chain.names[l - 1]}->{chain.names[l]}", (CELLS, chain.sizes[l - 1])) for l in range(1, chain.top + 1)]


def from_cells(chain):
    return [(l, f"{name}->{name}", (chain.sizes[l], CELLS)) for l, name in enumerate(chain.names) if l > 0]


def within(chain):
    return [(l, name, shape[::-1]) for l, name, shape in from_cells(chain)]


POSITIVE = uniform(0, 0.5)
BOUNDS = {name: lambda new: np.clip(new, 0, 100) for name in "EJK"}
CASES = [Case("rules/dale", "5 - 6 relu - 3 softmax",
              {"E": (up, POSITIVE), "J": (from_cells, uniform(0, 0.125)), "K": (to_cells, POSITIVE), "B": down, "C": within,
               "b": units}, expected, settings={"lr": 2.0, "lr_i": 2.0}, target=classes, bounds=BOUNDS)]
