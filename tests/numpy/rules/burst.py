"""Payeur et al. (2021) in rates: the share of bursts, `P_l = sigma(alpha h_l * Y_(l+1) (P_(l+1) e_(l+1)))`, comes down,
and what teaching changes in it is the error; each layer costs a factor of alpha / 4."""

from compare import Case
from mathematics import Contrast, d_sigmoid, forward, mean, outer, sigmoid
from network import down, units, up


def shares(trial, a, e, at_output):
    """The share of bursts of all layers above the input."""
    P = [None] * trial.top + [at_output]
    for l in range(trial.top - 1, 0, -1):
        slope = d_sigmoid(a[l]) / e[l]
        P[l] = sigmoid(trial.h.alpha * slope * ((P[l + 1] * e[l + 1]) @ trial["Y"][l + 1].T))
    return P


def expected(trial):
    h, top = trial.h, trial.top
    a, e = forward(trial["W"], trial["b"], trial.data, sigmoid, sigmoid)
    slope = d_sigmoid(a[top]) * (e[top] - trial.target)
    free = shares(trial, a, e, 0.5 + 0 * slope)
    taught = shares(trial, a, e, sigmoid(-4 * h.beta * slope / e[top]))
    scale = [h.lr / h.beta * (4 / h.alpha) ** (top - l) for l in range(top + 1)]
    change = [None] + [scale[l] * Contrast(taught[l] * e[l], free[l] * e[l]) for l in range(1, top + 1)]
    increments = {"W": [None] + [outer(change[l], e[l - 1]) for l in range(1, top + 1)],
                  "b": [None] + [mean(change[l]) for l in range(1, top + 1)]}
    return increments, {"forward.e": e, "free.P": free, "taught.P": taught}


CASES = [Case("rules/burst", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid", {"W": up, "Y": down, "b": units}, expected,
              settings={"alpha": 0.5, "beta": 0.25, "lr": 0.5})]
