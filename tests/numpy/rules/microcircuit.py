"""Sacramento et al. (2018): pyramidal cells with basal and apical dendrites, and interneurons that copy the layer
above.

Somatic voltages obey `du/dt = -glk u + sum_j g_j (v_j - u)`, by Euler's method; every plastic synapse compares a rate
with what a dendrite alone would make of it.
"""

import numpy as np

from compare import Case
from mathematics import outer, sigmoid
from network import constant, down, up
from optimisers import adam_memories, chosen, with_adam

STEPS, DT = 40, 0.25


class Circuit:
    def __init__(self, trial):
        self.trial, self.h, self.top = trial, trial.h, trial.top
        self.total = self.h.glk + self.h.gB + self.h.gA

    def rate(self, u, l):
        return u[l] if l == 0 else sigmoid(u[l])

    def basal(self, u, l):
        return self.rate(u, l - 1) @ self.trial["Wup"][l].T

    def apical(self, u, v, l):
        if l == self.top:
            return 0
        return sigmoid(u[l + 1]) @ self.trial["Wdown"][l + 1].T + sigmoid(v[l]) @ self.trial["Wpi"][l].T

    def dendrite(self, u, l):
        return sigmoid(u[l]) @ self.trial["Wip"][l].T

    def way_up(self):
        u = [self.trial.data]
        for l in range(1, self.top + 1):
            u.append(self.h.gB / self.total * self.basal(u, l))
        return u

    def relax(self, u, v, teaching):
        """The voltages of pyramidal cells and interneurons at the end; the output is taught with a conductance."""
        h = self.h
        for _ in range(STEPS):
            du = [0] + [h.gB * self.basal(u, l) + h.gA * self.apical(u, v, l) - self.total * u[l]
                        for l in range(1, self.top + 1)]
            du[-1] = du[-1] + teaching * (self.trial.target - u[-1])
            dv = [0] + [h.gD * self.dendrite(u, l) + h.gsom * u[l + 1] - (h.glk + h.gD + h.gsom) * v[l]
                        for l in range(1, self.top)]
            u, v = [a + DT * b for a, b in zip(u, du)], [a + DT * b for a, b in zip(v, dv)]
        return u, v

    def gradients(self, u, v):
        h, below_top = self.h, range(1, self.top)
        plateau = h.gD / (h.glk + h.gD)
        soma = lambda l: sigmoid(u[l]) - sigmoid(h.gB / self.total * self.basal(u, l))
        inter = lambda l: sigmoid(v[l]) - sigmoid(plateau * self.dendrite(u, l))
        return {
            "Wup": [None] + [outer(soma(l), self.rate(u, l - 1)) for l in range(1, self.top + 1)],
            "Wip": [None] + [outer(inter(l), sigmoid(u[l])) for l in below_top] + [None],
            "Wpi": [None] + [outer(-self.apical(u, v, l), sigmoid(v[l])) for l in below_top] + [None],
        }


def expected(trial):
    circuit = Circuit(trial)
    first = circuit.way_up()
    silent = [0] + [np.zeros((trial.samples, size)) for size in trial.case.chain.sizes[2:]]
    free = circuit.relax(first, silent, 0)
    taught = circuit.relax(*free, trial.h.gsom)
    settings = chosen("rules/microcircuit", "digits")
    increments = with_adam(trial, circuit.gradients(*taught), settings, {"Wip": trial.h.lr_i, "Wpi": trial.h.lr_i})
    states = {"forward.P.u": first, "free.P.u": free[0], "taught.P.u": taught[0],
              "taught.I.v": [None, *taught[1][1:]]}
    return increments, states


def to_interneurons(chain):
    """As many interneurons in a hidden layer as there are cells in the next one."""
    return [(l, f"{chain.names[l]}->{chain.names[l]}", (chain.sizes[l + 1], chain.sizes[l])) for l in range(1, chain.top)]


def from_interneurons(chain):
    return [(l, name, shape[::-1]) for l, name, shape in to_interneurons(chain)]


def teaching(chain):
    return [(l, f"{chain.names[l + 1]}->{chain.names[l]}", (chain.sizes[l + 1],)) for l in range(1, chain.top)]


PLASTIC = {"Wup": up, "Wip": to_interneurons, "Wpi": from_interneurons}
CASES = [Case("rules/microcircuit", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid",
              adam_memories(PLASTIC) | {"Wdown": down, "teach": (teaching, constant(1))}, expected,
              settings={"glk": 0.125, "gB": 1.0, "gA": 0.75, "gD": 1.0, "gsom": 0.5, "lr_i": 0.25})]
