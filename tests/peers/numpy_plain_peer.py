"""The rules as written, in NumPy."""

import numpy as np
import plain
from numpy_peer import of_kernel, places, pool, see, units, unpool, unsee

K = 5


def convolve(low, kernel):
    return units(see(low, K) @ kernel.reshape(len(kernel), -1).T)


def back(high, kernel):
    return unsee(places(high) @ kernel.reshape(len(kernel), -1), kernel.shape[1], K)


def change_of_kernel(high, low, kernel):
    return of_kernel(high, see(low, K)).reshape(kernel.shape)


LIBRARY = plain.Library(np, plain.repeat, convolve, back, change_of_kernel, pool, unpool)
UPDATES = {case: plain.in_place(rule) for case, rule in plain.rules(LIBRARY).items()}
