"""Almeida (1987), Pineda (1987): one recurrent network of all units, with the matrix `M`, settles to `x = f(M x + b)`, and a
linear one with its transpose to `d = f'(u) (M^T d + y - x)`."""

import numpy as np

from compare import Case
from mathematics import d_sigmoid, mean, outer, sigmoid
from network import down_to_input, gaussian, lateral, units, up

STILL = 1e-4


def settle(step, state, most):
    """Until nothing moves, or time is up."""
    moved, steps = np.inf, 0
    while steps < most and moved >= STILL:
        before, state = state, step(state)
        moved, steps = np.abs(state - before).max(), steps + 1
    return state


def expected(trial):
    h, top, sizes = trial.h, trial.top, trial.case.chain.sizes
    ends = np.cumsum(sizes)
    at = [slice(end - size, end) for end, size in zip(ends, sizes)]
    M, b = np.zeros((ends[-1], ends[-1])), np.concatenate([np.zeros(sizes[0]), *trial["b"][1:]])
    for l in range(1, top + 1):
        M[at[l], at[l - 1]], M[at[l], at[l]] = trial["W"][l], trial["L"][l]
        if l > 1:
            M[at[l - 1], at[l]] = trial["B"][l]
    inside = np.arange(ends[-1]) >= sizes[0]
    held = np.zeros((trial.samples, ends[-1]))
    held[:, at[0]] = trial.data
    x = settle(lambda x: np.where(inside, sigmoid(x @ M.T + b), held), held, h.T)
    slope, error = inside * d_sigmoid(x @ M.T + b), np.zeros_like(x)
    error[:, at[top]] = trial.target - x[:, at[top]]
    d = settle(lambda d: slope * (d @ M + error), np.zeros_like(x), h.T)
    learned = lambda post, pre: h.lr * outer(d[:, at[post]], x[:, at[pre]])
    increments = {
        "W": [None] + [learned(l, l - 1) for l in range(1, top + 1)],
        "B": [None, None] + [learned(l - 1, l) for l in range(2, top + 1)],
        "L": [None] + [learned(l, l) for l in range(1, top + 1)],
        "b": [None] + [h.lr * mean(d[:, at[l]]) for l in range(1, top + 1)],
    }
    return increments, {"settle.x": [x[:, layer] for layer in at], "adjoint.d": [None] + [d[:, layer] for layer in at[1:]]}


def case(steps, law):
    return Case("rules/recurrent_backprop", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid",
                {"W": (up, law), "B": (down_to_input, law), "L": (lateral, law), "b": units}, expected,
                settings={"T": steps, "lr": 0.5})


CASES = [case(100, gaussian(0.5)), case(4, gaussian(1))]
