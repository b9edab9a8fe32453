"""Pozzi, Bohte & Roelfsema (2020): attention comes down from the chosen unit, and the error of its predicted reward
teaches."""

from compare import Case
from mathematics import backward, d_relu, forward, linear, looks_drawn, one_hot, outer, relu, softmax, transposed
from network import classes, gaussian, up


def expected(trial):
    W, h, top = trial["W"], trial.h, trial.top
    a, x = forward(W, None, trial.data, relu, linear)
    choice, mood = trial.drawn("attend.d")[top], trial.drawn("attend.Mood.u")[top]
    best = one_hot(x[top].argmax(1), x[top].shape[1])
    explores = mood[:, 0] < h.eps
    assert (choice.sum(1) == 1).all(), "one unit is chosen"
    assert (choice == best)[~explores].all(), "who does not explore takes the best"
    looks_drawn(choice[explores], softmax(x[top][explores]))
    d = backward(transposed(W), a, choice, d_relu)
    delta = (choice * (trial.target - x[top])).sum(1, keepdims=True)
    dW = [None] + [h.lr * outer(delta * d[l], x[l - 1]) for l in range(1, top + 1)]
    return {"W": dW}, {"act.x": x, "attend.d": d}


CASES = [Case("rules/brainprop", "5 - 6 relu - 4 relu - 3 identity", {"W": (up, gaussian(1))}, expected,
              settings={"eps": 0.5, "lr": 0.5}, target=classes, samples=200)]
