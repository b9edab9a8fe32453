"""Bellec et al. (2020), e-prop in adaptive spiking neurons, with an eligibility vector for every pair of neurons
written out.

    v(t) = al v + W x(t) + R z(t-1) - th z(t-1),   a(t) = rho a + z(t-1),   z = 1 if v > th + beta a
    eps_v(t) = al eps_v + pre(t),   eps_a(t) = (rho - beta psi(t-1)) eps_a + psi(t-1) eps_v(t-1)
    e(t) = psi(t) (eps_v - beta eps_a),   dW = sum_t L(t) ebar(t),   ebar = kap ebar + e
"""

import numpy as np

from compare import Case
from mathematics import softmax
from network import classes, from_output, hidden, lateral, output, units, up


class Eligibility:
    """Of the synapses from some senders to all hidden neurons, for each sample: `[sample, post, pre]`."""

    def __init__(self, samples, posts, pres):
        self.v, self.a, self.filtered = (np.zeros((samples, posts, pres)) for _ in range(3))

    def step(self, h, psi_before, psi, pre):
        psi_before, psi = psi_before[:, :, None], psi[:, :, None]
        self.a = (h.rho - h.beta * psi_before) * self.a + psi_before * self.v
        self.v = h.al * self.v + pre[:, None, :]
        self.filtered = h.kap * self.filtered + psi * (self.v - h.beta * self.a)


def expected(trial):
    h, x = trial.h, trial.data
    W, W_out, R, B, b = trial["W"][1], trial["W"][2], trial["R"][1], trial["B"][1], trial["b"][2]
    samples, steps, posts = len(x), x.shape[1], len(W)
    v, a, z, psi, z_bar = (np.zeros((samples, posts)) for _ in range(5))
    y, ones = np.zeros((samples, len(W_out))), 0
    incoming, recurrent = Eligibility(samples, posts, x.shape[2]), Eligibility(samples, posts, posts)
    dW, dR, dW_out, db = np.zeros_like(W), np.zeros_like(R), np.zeros_like(W_out), np.zeros_like(b)
    for t in range(steps):
        z_before, psi_before = z, psi
        v = h.al * v + x[:, t] @ W.T + z_before @ R.T - h.th * z_before
        a = h.rho * a + z_before
        above = v - h.th - h.beta * a
        z = (above > 0) * 1.0
        psi = h.gam / h.th * np.maximum(0, 1 - np.abs(above) / h.th)
        y = h.kap * y + z @ W_out.T + b
        incoming.step(h, psi_before, psi, x[:, t])
        recurrent.step(h, psi_before, psi, z_before)
        z_bar, ones = h.kap * z_bar + z, h.kap * ones + 1
        error = trial.target[:, t] - softmax(y)
        L = (error @ B.T)[:, :, None]
        dW += (L * incoming.filtered).mean(0)
        dR += (L * recurrent.filtered).mean(0)
        dW_out += error.T @ z_bar / samples
        db += (error * ones).mean(0)
    assert 0.1 < z_bar.mean(), "the neurons are silent"
    increments = {"W": [None, h.lr * dW, h.lr * dW_out], "R": [None, h.lr * dR, None], "b": [None, None, h.lr * db]}
    return increments, {"run.v": [None, v, None], "run.a": [None, a, None], "run.y": [None, None, y]}


CASES = [Case("rules/eprop", "5 - 6 identity - 3 softmax",
              {"W": up, "R": hidden(lateral), "B": from_output, "b": output(units)}, expected, target=classes, steps=15,
              settings={"al": 0.875, "rho": 0.9375, "kap": 0.75, "beta": 0.25, "th": 0.5, "gam": 0.25, "lr": 0.5})]
