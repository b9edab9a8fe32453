"""Ba et al. (2016): what is shown with a key is recalled by attention, the sum over the episode of `lam^(T-1-t) x(t) (k(t) . cue)`;
slow weights read it by the delta rule. What comes between is read from plrc's own memory, which must recall it with its keys."""

import numpy as np

from compare import Case
from mathematics import looks_normal, mean, outer, softmax
from network import classes, gaussian, hidden, lateral, output, units, up


def expected(trial):
    h, (_, W, R), b = trial.h, trial["W"], trial["b"][2]
    shown = np.tanh(trial.data @ W.T)
    cue, key, x = trial.drawn("listen.Key.cue")[1], trial.drawn("listen.Key.k")[1], trial.drawn("listen.x")[1]
    assert (np.abs(cue) == 1).all() and (np.abs(key) == 1).all() and (cue != key).any(), "keys are signs"
    looks_normal(x)
    overlap = (key * cue).mean(1, keepdims=True)
    recalled = h.lam * shown + x * overlap + cue @ trial["F"][1].T / cue.shape[1]
    error = trial.target - softmax(recalled @ R.T + b)
    increments = {"W": [None, None, h.lr * outer(error, recalled)], "b": [None, None, h.lr * mean(error)]}
    return increments, {"see.v": [None, shown, None], "recall.x": [None, recalled, None]}


CASES = [Case("rules/fast_weights", "5 - 8 tanh - 3 softmax",
              {"W": (up, gaussian(0.5)), "F": hidden(lateral), "b": output(units)}, expected,
              settings={"T": 2, "lam": 0.75, "lr": 0.5}, target=classes, samples=40)]
