"""Sutton (1988): TD(lambda) on the random walk, by matrices of where it was, `[sample, time, state]`.

The coins of the walk are drawn. Which way it went is read from where it is now and the last eligibilities,
`sum_t lambda^(T - t) x(t)`: no two walks have the same.
"""

from itertools import product

import numpy as np

from compare import Case
from mathematics import Contrast, looks_drawn
from network import constant, up

STATES, STEPS = 5, 9
START, END = 3, STATES + 1


def walks():
    """All there are, as places from 0 to 6, at all times."""
    ways = set()
    for coins in product((-1, 1), repeat=STEPS):
        way = [START]
        for step in coins:
            way.append(way[-1] if way[-1] in (0, END) else way[-1] + step)
        ways.add(tuple(way))
    return np.array(sorted(ways))


def eligibilities(visits, decay):
    """`[sample, time, state]` of visits like these."""
    ago = np.subtract.outer(np.arange(STEPS), np.arange(STEPS))
    return np.einsum("ts,nsi->nti", np.tril(decay ** np.maximum(ago, 0)), visits)


def walked(place, e, decay):
    """The walks that end there, with such eligibilities."""
    ways = walks()
    ends = np.column_stack([ways[:, -1], eligibilities(visited(ways)[:, :-1], decay)[:, -1]])
    found = np.column_stack([place, e])
    return ways[np.abs(found[:, None] - ends[None]).max(2).argmin(1)]


def visited(ways):
    """Where they were, of the five states."""
    return np.eye(STATES + 2)[ways][:, :, 1:END]


def expected(trial):
    W, decay = trial["W"][1], getattr(trial.h, "lambda")
    way = walked(trial.drawn("walk.place")[0][:, 0], trial.drawn("walk.e")[0], decay)
    at_once = way[:, 1:4] > way[:, :3]
    looks_drawn(at_once * 1.0, np.full(at_once.shape, 0.5))
    visits = visited(way)
    e = eligibilities(visits[:, :-1], decay)
    reward = (way[:, 1:] == END) & (way[:, :-1] != END)
    old = W
    for t in range(STEPS):
        V, after = visits[:, t] @ W.T, visits[:, t + 1] @ W.T
        delta = reward[:, t, None] + after - V
        W = W + trial.h.lr * delta.T @ e[:, t] / trial.samples
    states = {"walk.e": [e[:, -1], None], "walk.place": [np.repeat(way[:, -1:], STATES, 1), None],
              "walk.v": [None, after], "walk.before": [None, V], "walk.delta": [None, delta]}
    return {"W": [None, Contrast(W, old)]}, states


CASES = [Case("rules/td_lambda", f"{STATES} - 2", {"W": up, "feel": (up, constant(1))}, expected, steps=STEPS,
              samples=100, settings={"lambda": 0.75, "lr": 0.5})]
