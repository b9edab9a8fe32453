"""Bi & Poo (1998), Song, Miller & Abbott (2000): what spike pairs do to a weight.

Images of zeros and ones at `rate = 1`, and targets likewise, leave nothing to chance: every 1 is a spike. With hard
bounds that are far away the change is a double sum over all pairs of spikes, as in the papers; else time is gone
through step by step.
"""

import numpy as np

from compare import Case
from mathematics import Contrast
from network import bernoulli, uniform, up


def window(steps, tau):
    """`e^(-(t - s) / tau)` where `t > s`, else 0."""
    apart = np.subtract.outer(np.arange(steps), np.arange(steps))
    return np.where(apart > 0, np.exp(-apart / tau), 0)


def added(trial, W):
    """What has been added in the end, in many small steps."""
    return {"W": [None, Contrast(W, trial["W"][1])]}, {}


def all_pairs(trial):
    h, pre, post = trial.h, trial.data, trial.target
    steps = pre.shape[1]
    later = np.einsum("nti,ts,nsj->ij", post, window(steps, h.taup), pre)
    earlier = np.einsum("nsi,ts,ntj->ij", post, window(steps, h.taum), pre)
    return added(trial, trial["W"][1] + (h.up * later - h.down * earlier) / trial.samples)


def step_by_step(trial):
    """With bounds, which are soft for `soft = 1`: the weights at each step depend on those before."""
    h, pre, post, W = trial.h, trial.data, trial.target, trial["W"][1]
    for t in range(pre.shape[1]):
        trace = np.einsum("s,nsj->nj", window(t + 1, h.taup)[t], pre[:, :t + 1])
        echo = np.einsum("s,nsi->ni", window(t + 1, h.taum)[t], post[:, :t + 1])
        grow = h.up * (1 - h.soft * W) * (post[:, t].T @ trace)
        shrink = h.down * (1 - h.soft + h.soft * W) * (echo.T @ pre[:, t])
        W = np.clip(W + (grow - shrink) / trial.samples, 0, 1)
    return added(trial, W)


def case(expected, inside, **settings):
    settings = {"rate": 1.0, "teach": 1.0, "taup": 5.0, "taum": 8.0, "up": 0.25, "down": 0.5, "soft": 0.0} | settings
    return Case("rules/stdp", "5 - 3", {"W": (up, inside)}, expected, settings=settings, data=bernoulli(0.2),
                target=bernoulli(0.2), steps=12)


CASES = [
    case(all_pairs, uniform(0.4, 0.6), up=0.125, down=0.0625),
    case(step_by_step, uniform(0.4, 0.6), soft=1.0),
    case(step_by_step, uniform(0, 1), soft=0.0, up=1.0, down=1.0),
]
