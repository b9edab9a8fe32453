"""Zhang et al. (2019): `a_i = max_j (V_ij + z_j)` of linear filters `z`; an error goes to the filter that was the largest, found as an
index for each unit and sample."""

import numpy as np

from compare import Case
from mathematics import softmax
from network import classes, gaussian, uniform

FILTERS = 5


def filters_up(chain):
    return [(layer, edge, (FILTERS, pre)) for layer in range(1, chain.top + 1)
            for edge, (_, pre) in [chain.edge(layer - 1, layer)]]


def filters(chain):
    return [(layer, chain.names[layer], (FILTERS,)) for layer in range(1, chain.top + 1)]


def within(chain):
    return [(layer, f"{chain.names[layer]}->{chain.names[layer]}", (chain.sizes[layer], FILTERS))
            for layer in range(1, chain.top + 1)]


def expected(trial):
    W, V, b = trial["W"], trial["V"], trial["Filter.b"]
    x, z, won = [trial.data], [None], [None]
    for layer in range(1, trial.top + 1):
        z.append(x[-1] @ W[layer].T + b[layer])
        sums = z[-1][:, None, :] + V[layer]
        won.append(sums.argmax(-1))
        x.append(sums.max(-1))
    guess = softmax(x[-1])
    d, samples = trial.target - guess, len(trial.data)
    increments = {name: [None] * len(W) for name in ("W", "V", "Filter.b")}
    errors = [None] * len(W)
    for layer in range(trial.top, 0, -1):
        errors[layer] = d
        e, dV = np.zeros_like(z[layer]), np.zeros_like(V[layer])
        for s in range(samples):
            for unit, j in enumerate(won[layer][s]):
                e[s, j] += d[s, unit]
                dV[unit, j] += d[s, unit] / samples
        increments["W"][layer] = trial.h.lr * e.T @ x[layer - 1] / samples
        increments["V"][layer] = trial.h.lr * dV
        increments["Filter.b"][layer] = trial.h.lr * e.mean(0)
        d = e @ W[layer]
    return increments, {"forward.Filter.z": z, "forward.x": [*x[:-1], guess], "backward.d": errors}


PARAMETERS = {"W": filters_up, "V": (within, uniform(-5, 0)), "Filter.b": (filters, gaussian(0.5))}
CASES = [Case("rules/max_plus", "5 - 6 identity - 4 identity - 3 softmax", PARAMETERS, expected, rule="MaxPlus",
              settings={"lr": 0.5, "filters": FILTERS}, target=classes)]
