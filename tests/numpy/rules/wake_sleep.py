"""Hinton et al. (1995): awake, the generative weights learn to say what the recognition weights drove the units to, and
asleep the other way round."""

from compare import Case
from mathematics import Contrast, looks_drawn, mean, outer, sigmoid
from network import all_units, down_to_input, gaussian, uniform, units, up


def expected(trial):
    R, G, r, g, h, top = trial["R"], trial["G"], trial["r"], trial["g"], trial.h, trial.top
    s, d = trial.drawn("wake.s"), trial.drawn("sleep.d")
    for l in range(1, top + 1):
        looks_drawn(s[l], sigmoid(s[l - 1] @ R[l].T + r[l]))
    increments = {name: [None] * (top + 1) for name in "RGrg"}
    for l in range(top + 1):
        from_above = lambda x: sigmoid((x[l + 1] @ G[l + 1].T if l < top else 0 * x[l]) + g[l])
        looks_drawn(d[l], from_above(d))
        unseen = h.lr_g * Contrast(s[l], from_above(s))
        increments["g"][l] = mean(unseen)
        if l < top:
            increments["G"][l + 1] = outer(unseen, s[l + 1])
        if l > 0:
            unknown = h.lr * Contrast(d[l], sigmoid(d[l - 1] @ R[l].T + r[l]))
            increments["R"][l], increments["r"][l] = outer(unknown, d[l - 1]), mean(unknown)
    return increments, {"wake.s": [trial.data] + [None] * top}


# Thresholds are far apart, so that what is drawn depends on them visibly.
PARAMETERS = {"R": up, "G": down_to_input, "r": (units, gaussian(1)), "g": (all_units, gaussian(1))}
CASES = [Case("rules/wake_sleep", "5 - 6 - 4", PARAMETERS, expected, settings={"lr": 0.5, "lr_g": 0.25},
              data=uniform(0, 1), samples=100)]
