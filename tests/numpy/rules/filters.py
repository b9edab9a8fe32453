"""The filters of the file, in the rule that uses them."""

import numpy as np

from rules.optimisers import case


def clipped(g, count, lr=0.1, most=0.01):
    return (np.clip(lr * g, -most, most),)


def decaying(g, count, lr=0.2, half_life=500.0):
    return (lr * g * 0.5 ** (count / half_life),)


CASES = [case(clipped), case(decaying, counts=True)]
