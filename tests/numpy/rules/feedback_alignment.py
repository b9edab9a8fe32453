"""Lillicrap et al. (2016): backpropagation with fixed matrices in the place of the transposed weights."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, softmax, weights_and_thresholds
from network import classes, down, units, up


def expected(trial):
    a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, softmax)
    d = backward(trial["B"], a, trial.target - x[-1], d_tanh)
    return weights_and_thresholds(d, x, trial.h.lr), {"forward.x": x, "backward.d": d}


CASES = [Case("feedback_alignment", "5 - 6 tanh - 4 tanh - 3 softmax", {"W": up, "B": down, "b": units}, expected,
              rule="FeedbackAlignment", settings={"lr": 0.5}, target=classes)]
