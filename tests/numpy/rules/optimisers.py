"""Every optimiser of the prelude, over several updates, in which NumPy goes its own way."""

import numpy as np

from compare import Case
from mathematics import backward, d_tanh, forward, softmax, weights_and_thresholds
from network import classes, down, units, up
from optimisers import adam, chosen, momentum, nesterov, optimised, remembering, rmsprop, sgd

UPDATES = 6
LEARNED = {"W": up, "b": units}


def case(optimiser, counts=False):
    """Feedback alignment with an optimiser, which may read how many updates there were."""

    def expected(trial):
        a, x = forward(trial["W"], trial["b"], trial.data, np.tanh, softmax)
        d = backward(trial["B"], a, trial.target - x[-1], d_tanh)
        settings = chosen("rules/optimisers", optimiser.__name__)
        return optimised(trial, weights_and_thresholds(d, x, 1), optimiser, settings), {}

    parameters = remembering(LEARNED, optimiser, counts) | {"B": down}
    return Case("rules/optimisers", "5 - 6 tanh - 4 tanh - 3 softmax", parameters, expected,
                experiment=optimiser.__name__, target=classes, updates=UPDATES, free=True)


CASES = [case(sgd), case(momentum), case(nesterov), case(rmsprop), case(adam, counts=True)]
