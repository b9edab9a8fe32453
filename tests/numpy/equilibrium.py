"""Equilibrium propagation in discrete time (Ernoult et al. 2019), which several scripts share: all layers step
together, `s_l <- f(W_l s_(l-1) + B_(l+1) s_(l+1) + b_l)`, and the output's drive is nudged by `beta (y - s_L)`."""

import numpy as np

from mathematics import Contrast, mean, outer, sigmoid


def relax(W, back, b, s, steps, nudge, target, f=sigmoid):
    """The states after some steps; `back` is `[below, above]`, the nudging one number or one for each sample."""
    top = len(s) - 1
    for _ in range(steps):
        drive = [None] + [s[l - 1] @ W[l].T + b[l] for l in range(1, top + 1)]
        for l in range(1, top):
            drive[l] = drive[l] + s[l + 1] @ back[l + 1].T
        drive[top] = drive[top] + nudge * (target - s[top])
        s = [s[0]] + [f(a) for a in drive[1:]]
    return s


def at_rest(data, sizes):
    """The states before a presentation."""
    return [data] + [np.zeros((len(data), size)) for size in sizes[1:]]


def contrast(one, other, scale):
    """`scale (s_l s_(l-1)^T | one - | other)` for W, and the same for b; the scale is one number, or one for each sample."""
    layers = range(1, len(one))
    hebb = lambda s, l: outer(scale * s[l], s[l - 1])
    return {"W": [None] + [Contrast(hebb(one, l), hebb(other, l)) for l in layers],
            "b": [None] + [mean(Contrast(scale * one[l], scale * other[l])) for l in layers]}
