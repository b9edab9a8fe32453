"""Stern et al. (2021): nodes of a network of resistors, joined by a matrix of conductances `A`, take the voltages
`D^-1 A v`, `D` the sums of its rows, until nothing moves. Then the output is held a little nearer to its target."""

import numpy as np

from compare import Case
from mathematics import Contrast
from network import uniform, up

STILL = 1e-5


class Circuit:
    """All nodes in one vector."""

    def __init__(self, trial):
        ends = np.cumsum(trial.case.chain.sizes)
        self.layers = [slice(end - size, end) for end, size in zip(ends, trial.case.chain.sizes)]
        self.most = trial.h.T
        conductances = np.zeros((ends[-1], ends[-1]))
        for l in range(1, trial.top + 1):
            conductances[self.layers[l], self.layers[l - 1]] = trial["K"][l]
        conductances += conductances.T
        self.average = conductances / conductances.sum(1, keepdims=True)

    def settle(self, v, held):
        """To the voltages where the currents add up to nothing, but in the nodes that are held."""
        fixed = np.zeros(v.shape[1], bool)
        for layer in held:
            fixed[self.layers[layer]] = True
        moved, steps = np.inf, 0
        while steps < self.most and moved >= STILL:
            before, v = v, np.where(fixed, v, v @ self.average.T)
            moved, steps = np.abs(v - before).max(), steps + 1
        return v

    def drops(self, v, l):
        """The mean square of the voltage along each resistor below a layer."""
        post, pre = v[:, self.layers[l]], v[:, self.layers[l - 1]]
        return ((post[:, :, None] - pre[:, None, :]) ** 2).mean(0)


def expected(trial):
    h, circuit, output = trial.h, Circuit(trial), slice(-trial.case.chain.sizes[-1], None)
    v = np.zeros((trial.samples, len(circuit.average)))
    v[:, circuit.layers[0]] = trial.data
    free = circuit.settle(v, [0])
    nudged = free.copy()
    nudged[:, output] = (1 - h.eta) * free[:, output] + h.eta * trial.target
    clamped = circuit.settle(nudged, [0, trial.top])
    scale = h.lr / (2 * h.eta)
    dK = [scale * Contrast(circuit.drops(free, l), circuit.drops(clamped, l)) for l in range(1, trial.top + 1)]
    by_layer = lambda v: [v[:, layer] for layer in circuit.layers]
    return {"K": [None, *dK]}, {"free.v": by_layer(free), "clamped.v": by_layer(clamped)}


def case(law, **settings):
    return Case("rules/coupled_learning", "4 - 5 - 4 - 3", {"K": (up, law)}, expected, settings=settings,
                bounds={"K": lambda new: np.clip(new, 0.01, 100)})


CASES = [
    case(uniform(0.5, 1.5), eta=0.25, T=100, lr=0.5),
    # Too short to come to rest; and where some conductances end at their bound.
    case(uniform(0.5, 1.5), eta=0.5, T=7, lr=0.5),
    case(uniform(0.0625, 0.5), eta=1.0, T=100, lr=1.0),
]
