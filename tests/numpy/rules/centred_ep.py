"""Laborieux et al. (2021): nudged to both sides from the same free states."""

from compare import Case
from equilibrium import at_rest, contrast, relax
from mathematics import transposed
from network import units, up

FREE, NUDGED = 30, 10


def expected(trial):
    W, b, h = trial["W"], trial["b"], trial.h
    back = transposed(W)
    free = relax(W, back, b, at_rest(trial.data, trial.case.chain.sizes), FREE, 0, trial.target)
    plus, minus = (relax(W, back, b, free, NUDGED, side * h.beta, trial.target) for side in (1, -1))
    return contrast(plus, minus, h.lr / (2 * h.beta)), {"free.s": free, "plus.s": plus, "minus.s": minus}


CASES = [Case("centred_ep", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid", {"W": up, "b": units}, expected,
              experiment="digits", settings={"beta": 0.5, "lr": 0.5})]
