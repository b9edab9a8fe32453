"""Scellier et al. (2018): feedback of its own; what a unit hears is taken in the free phase, `dW_l = (s_l^+ - s_l^-)
s_(l-1)^T / (2 beta)` and `dB_l = (s_(l-1)^+ - s_(l-1)^-) s_l^T / (2 beta)`."""

from compare import Case
from equilibrium import at_rest, relax
from mathematics import Contrast, mean, outer
from network import down, units, up

FREE, NUDGED = 30, 10


def expected(trial):
    W, B, b, h, top = trial["W"], trial["B"], trial["b"], trial.h, trial.top
    free = relax(W, B, b, at_rest(trial.data, trial.case.chain.sizes), FREE, 0, trial.target)
    plus, minus = (relax(W, B, b, free, NUDGED, side * h.beta, trial.target) for side in (1, -1))
    moved = [h.lr / (2 * h.beta) * Contrast(p, m) for p, m in zip(plus, minus)]
    increments = {
        "W": [None] + [outer(moved[l], free[l - 1]) for l in range(1, top + 1)],
        "B": [None, None] + [outer(moved[l - 1], free[l]) for l in range(2, top + 1)],
        "b": [None] + [mean(moved[l]) for l in range(1, top + 1)],
    }
    return increments, {"free.s": free, "plus.s": plus, "minus.s": minus}


CASES = [Case("rules/vector_field_ep", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid", {"W": up, "B": down, "b": units}, expected,
              settings={"beta": 0.5, "lr": 0.5})]
