"""What optimisers make of gradients, and what they remember. `g` is what a rule wants to add, as often as `count` says.

Each returns the step and the new memories. The settings are those of the literature; what else an experiment says
stands in its file, to be tuned there.
"""

import inspect
import re

import numpy as np

from compare import EXAMPLES
from mathematics import Contrast
from network import constant, gaussian, once, uniform

# Updates before the first one of a case, so that memories are at work.
BEFORE = 3


def sgd(g, count, lr=0.1):
    return (lr * g,)


def momentum(g, count, v, lr=0.1, mu=0.9):
    """Polyak (1964)."""
    v = mu * v + g
    return lr * v, v


def nesterov(g, count, v, lr=0.1, mu=0.9):
    """Sutskever et al. (2013), eq. 3-4, in the weights looked ahead: from `w + mu v` to the next such point."""
    after = mu * v + g
    return lr * (after + mu * after - mu * v), after


def rmsprop(g, count, v, lr=1e-3, rho=0.9, eps=1e-8):
    """Hinton's lecture 6e."""
    v = rho * v + (1 - rho) * g**2
    return lr * g / (np.sqrt(v) + eps), v


def adam(g, count, m, v, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    """Kingma & Ba (2015), algorithm 1."""
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    m_hat, v_hat = m / (1 - b1**count), v / (1 - b2**count)
    return lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def chosen(program, experiment):
    """The settings of the optimiser that an experiment chooses."""
    text = (EXAMPLES / f"{program}.plr").read_text().split(f"experiment {experiment} {{")[1]
    settings = re.search(r"optimiser \w+(?:\((.*)\))?", text.split("\n}")[0])[1] or ""
    return {name: float(value) for name, value in re.findall(r"(\w+) = ([^,]+)", settings)}


def memories(optimiser):
    """The names of what an optimiser remembers: its arguments between the count and the settings."""
    return [name for name in list(inspect.signature(optimiser).parameters)[2:]
            if inspect.signature(optimiser).parameters[name].default is inspect.Parameter.empty]


def optimised(trial, gradients, optimiser, settings, rates=None):
    """What is added to the parameters and to the memories; `rates` are those of parameters that have their own."""
    count = trial["updates"][0] + 1 if "updates" in trial.case.places else None
    increments = {} if count is None else {"updates": [1] + [None] * trial.top}
    defaults = {name: p.default for name, p in inspect.signature(optimiser).parameters.items() if p.default is not p.empty}
    for name, by_layer in gradients.items():
        own = {"lr": rates[name]} if name in (rates or {}) else {}
        how, old = trial.settings(defaults | settings | own), [trial[f"{name}.{m}"] for m in memories(optimiser)]
        increments |= {f"{name}.{m}": [None] * (trial.top + 1) for m in memories(optimiser)}
        increments[name] = [None] * (trial.top + 1)
        for l, g in enumerate(by_layer):
            if g is not None:
                increments[name][l], *new = optimiser(g, count, *(o[l] for o in old), **how)
                for m, o, n in zip(memories(optimiser), old, new):
                    increments[f"{name}.{m}"][l] = Contrast(n, o[l])
    return increments


def remembering(places, optimiser, counts=True):
    """The parameters of a rule, and those that an optimiser has besides, for each of them."""
    laws = {"m": gaussian(0.1), "v": uniform(0.01, 0.1)}
    more = {f"{name}.{m}": (place, laws[m]) for name, place in places.items() for m in memories(optimiser)}
    return places | more | ({"updates": (once, constant(BEFORE))} if counts else {})


def adam_memories(places):
    return remembering(places, adam)


def with_adam(trial, gradients, settings, rates=None):
    return optimised(trial, gradients, adam, settings, rates)
