"""Gütig & Sompolinsky (2006): potentials are spikes convolved with `K(t) = tm^t - ts^t`; where the largest voltage is on
the wrong side of the threshold, weights change by the potentials at its time.

Images of zeros and ones at `rate = 1` leave nothing to chance.
"""

import numpy as np

from compare import Case
from mathematics import outer
from network import bernoulli, gaussian, up


def expected(trial):
    h, spikes, W = trial.h, trial.data, trial["W"][1]
    times = np.arange(spikes.shape[1])
    ago = np.subtract.outer(times, times)
    kernel = np.where(ago >= 0, h.tm ** np.abs(ago) - h.ts ** np.abs(ago), 0)
    potentials = np.einsum("ts,nsi->nti", kernel, spikes)
    voltage = potentials @ W.T
    highest, when = voltage.max(1), voltage.argmax(1)
    fires, should = highest >= h.th, trial.target[:, -1] == 1
    assert (fires & ~should).any() and (~fires & should).any(), "there are no mistakes of both kinds"
    d = 1.0 * should - fires
    at_highest = np.take_along_axis(potentials[:, :, None, :], when[:, None, :, None], 1)[:, 0]
    dW = h.lr * (d[:, :, None] * at_highest).mean(0)
    return {"W": [None, dW]}, {"listen.top_": [None, highest], "judge.d": [None, d], "listen.v": [None, voltage[:, -1]]}


CASES = [Case("rules/tempotron", "8 - 3", {"W": (up, gaussian(1))}, expected, data=bernoulli(0.2), target=bernoulli(0.5),
              steps=12, samples=10, settings={"tm": 0.875, "ts": 0.5, "th": 1.0, "rate": 1.0, "lr": 0.5})]
