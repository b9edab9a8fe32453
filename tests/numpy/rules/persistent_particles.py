"""Scellier & Bengio (2017), section 5, with the dynamics and the nudging of Ernoult et al. (2019) and Laborieux et al.
(2021): the free phase begins where the last presentation of the same example left its states."""

from compare import Case
from equilibrium import contrast, relax
from mathematics import transposed
from network import gaussian, uniform, units, up

SAMPLES, NUDGED = 6, 10


def expected(trial):
    W, b, h = trial["W"], trial["b"], trial.h
    back = transposed(W)
    left = [trial.data, *trial["s"][1:]]
    free = relax(W, back, b, left, h.T, 0, trial.target)
    plus, minus = (relax(W, back, b, free, NUDGED, side * h.beta, trial.target) for side in (1, -1))
    return contrast(plus, minus, h.lr / (2 * h.beta)), {"free.s": free, "plus.s": plus, "minus.s": minus, "leave.s": free}


def particles(chain):
    """The states of each example."""
    return [(layer, name, (SAMPLES, *shape)) for layer, name, shape in units(chain)]


CASES = [Case("rules/persistent_particles", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid",
              {"W": up, "b": units, "s": (particles, uniform(0, 1))}, expected,
              settings={"beta": 0.5, "lr": 0.5, "T": 3}, samples=SAMPLES)]
