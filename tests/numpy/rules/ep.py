"""Ernoult et al. (2019): one free phase and one that is nudged to one side."""

from compare import Case
from equilibrium import at_rest, contrast, relax
from mathematics import transposed
from network import units, up

FREE = 30


def expected(trial):
    W, b, h = trial["W"], trial["b"], trial.h
    back = transposed(W)
    free = relax(W, back, b, at_rest(trial.data, trial.case.chain.sizes), FREE, 0, trial.target)
    nudged = relax(W, back, b, free, h.K, h.beta, trial.target)
    return contrast(nudged, free, h.lr / h.beta), {"free.s": free, "nudged.s": nudged}


CASES = [Case("rules/ep", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid", {"W": up, "b": units}, expected,
              settings={"beta": 0.5, "K": 7, "lr": 0.5})]
