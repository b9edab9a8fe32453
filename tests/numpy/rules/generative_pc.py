"""Rao & Ballard (1999), Friston (2005): predictions `mu_(l-1) = V_l^T f(x_l) + c_(l-1)` go down, errors up, all of it
descent on `F = sum_l |x_l - mu_l|^2 / (2 v_l)`, where only the image has another variance than 1."""

import numpy as np

from compare import Case
from mathematics import d_tanh, linear, mean, outer
from network import all_units, up
from optimisers import adam_memories, chosen, with_adam

RECALL, EXPLAIN, PCA = 30, 15, 30


class Generator:
    """Layers of values; the lowest is held, and the highest too once there is a label."""

    def __init__(self, V, c, variance, f, df):
        self.V, self.c, self.variance, self.f, self.df = V, c, variance, f, df
        self.top = len(V) - 1

    def say(self, x, l):
        """What a layer says: the highest is linear."""
        return x[l] if l == self.top else self.f(x[l])

    def errors(self, x):
        e = [x[l] - self.c[l] - self.say(x, l + 1) @ self.V[l + 1] for l in range(self.top)]
        return [e[0] / self.variance, *e[1:], x[-1] - self.c[-1]]

    def relax(self, x, steps, rate, last):
        for _ in range(steps):
            e, old = self.errors(x), x
            x = list(old)
            for l in range(1, last + 1):
                slope = 1 if l == self.top else self.df(old[l])
                x[l] = old[l] + rate * (slope * (e[l - 1] @ self.V[l].T) - e[l])
        return x

    def gradient(self, x):
        e = self.errors(x)
        return [None] + [outer(self.say(x, l), e[l - 1]) for l in range(1, self.top + 1)], [mean(e) for e in e]


def at_rest(trial):
    sizes = trial.case.chain.sizes[1:]
    return [trial.data] + [np.zeros((trial.samples, size)) for size in sizes]


def labelled(trial):
    h = trial.h
    generator = Generator(trial["V"], trial["c"], h.v, np.tanh, d_tanh)
    recall = generator.relax(at_rest(trial), RECALL, h.rate, trial.top)
    explain = generator.relax([*recall[:-1], trial.target], EXPLAIN, h.rate, trial.top - 1)
    dV, dc = generator.gradient(explain)
    increments = with_adam(trial, {"V": dV, "c": dc}, chosen("rules/generative_pc", "digits"))
    return increments, {"recall.x": recall, "explain.x": explain}


def principal(trial):
    nothing = [0] * (trial.top + 1)
    generator = Generator(trial["V"], nothing, 1, linear, np.ones_like)
    x = generator.relax(at_rest(trial), PCA, trial.h.rate, trial.top)
    dV, _ = generator.gradient(x)
    return {"V": [g if g is None else trial.h.lr * g for g in dV]}, {"infer.x": x}


CASES = [
    Case("rules/generative_pc", "5 - 6 tanh - 4 tanh - 3", adam_memories({"V": up, "c": all_units}), labelled,
         rule="GenerativePC", settings={"rate": 0.125, "v": 4.0}),
    Case("rules/generative_pc", "5 - 3", {"V": up}, principal, rule="GenerativePCA", settings={"rate": 0.125, "lr": 0.5}),
]
