"""The code of Whittington & Bogacz (2017): values descend the free energy in steps that are halved for a sample whose energy
has risen."""

import numpy as np

from compare import Case
from mathematics import Contrast, d_tanh, mean, outer, per_layer
from network import units, up
from optimisers import adam_memories, chosen, with_adam


def said(x):
    """What each layer says: the input says what it is."""
    return [x[0], *map(np.tanh, x[1:])]


def predicted(trial, x):
    return [None] + [said(x)[l - 1] @ trial["W"][l].T + trial["b"][l] for l in range(1, trial.top + 1)]


def energy(trial, x):
    return sum((e**2).sum(1, keepdims=True) for e in per_layer(np.subtract, x, predicted(trial, x))[1:]) / 2


def expected(trial):
    W, h, top = trial["W"], trial.h, trial.top
    x = [trial.data]
    for l in range(1, top + 1):
        x.append(said(x)[l - 1] @ W[l].T + trial["b"][l])
    x[top] = trial.target
    step, before = np.full((trial.samples, 1), h.g), np.full((trial.samples, 1), 1e9)
    halved = np.zeros_like(step)
    for _ in range(h.T):
        e = per_layer(np.subtract, x, predicted(trial, x))
        force = [d_tanh(x[l]) * (e[l + 1] @ W[l + 1]) - e[l] for l in range(1, top)]
        x = [x[0], *(x[l] + step * force[l - 1] for l in range(1, top)), x[top]]
        rises = energy(trial, x) > (1 + h.slack) * before
        step, before, halved = np.where(rises, step / 2, step), energy(trial, x), halved + rises
    assert halved.any() and not halved.all(), "the steps of all samples are as good or bad"
    e, pre = per_layer(Contrast, x, predicted(trial, x)), [None, *said(x)[:-1]]
    gradients = {"W": per_layer(outer, e, pre), "b": per_layer(mean, e)}
    plain = {name: [None if g is None else g.value for g in layers] for name, layers in gradients.items()}
    states = {"infer.x": x, "infer.Pace.step": [None] * top + [step]}
    return with_adam(trial, plain, chosen("rules/adaptive_pc", "digits")), states


CASES = [Case("rules/adaptive_pc", "5 - 6 tanh - 4 tanh - 3", adam_memories({"W": up, "b": units}), expected,
              settings={"g": 0.5, "T": 12, "slack": 0.125})]
