"""Xie & Seung (2003): `dx_k/dt = -x_k + f(W_k x_(k-1) + gamma W_(k+1)^T x_(k+1) + b_k)` by Euler's method, output free
and clamped; `dW_k = gamma^(k-L) (x_k x_(k-1)^T | clamped - | free)`."""

from compare import Case
from mathematics import Contrast, forward, mean, outer, sigmoid
from network import down, uniform, units, up

STEPS, DT = 20, 0.5


def relax(trial, x, last):
    """The activities after all steps, of the layers up to `last`; those above stay."""
    W, b, gamma = trial["W"], trial["b"], trial.h.gamma
    for _ in range(STEPS):
        old = list(x)
        for l in range(1, last + 1):
            drive = old[l - 1] @ W[l].T + b[l]
            if l < trial.top:
                drive += gamma * old[l + 1] @ W[l + 1]
            x[l] = old[l] + DT * (sigmoid(drive) - old[l])
    return x


def expected(trial):
    h, top = trial.h, trial.top
    _, x = forward(trial["W"], trial["b"], trial.data, sigmoid, sigmoid)
    free = relax(trial, list(x), top)
    clamped = relax(trial, [*free[:-1], trial.target], top - 1)
    scale = [h.lr * h.gamma ** (l - top) for l in range(top + 1)]
    layers = range(1, top + 1)
    increments = {
        "W": [None] + [scale[l] * Contrast(outer(clamped[l], clamped[l - 1]), outer(free[l], free[l - 1])) for l in layers],
        "b": [None] + [scale[l] * mean(Contrast(clamped[l], free[l])) for l in layers],
    }
    return increments, {"forward.x": x, "free.x": free, "clamped.x": clamped}


CASES = [Case("rules/contrastive_hebbian", "5 - 6 sigmoid - 4 sigmoid - 3 sigmoid",
              {"W": up, "U": (down, uniform(0.5, 1)), "b": units}, expected, settings={"gamma": 0.5, "lr": 0.5})]
