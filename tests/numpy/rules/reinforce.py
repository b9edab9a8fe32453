"""Williams (1992): hidden units that fire or not, one output that is chosen, and `dW = (R - usual) (s - p)
s_below^T`."""

from compare import Case
from mathematics import Contrast, looks_drawn, mean, outer, sigmoid, softmax
from network import classes, gaussian, output, units, up


def expected(trial):
    W, b, h, top = trial["W"], trial["b"], trial.h, trial.top
    s, p = trial.drawn("act.s"), [None]
    for l in range(1, top + 1):
        p.append((softmax if l == top else sigmoid)(s[l - 1] @ W[l].T + b[l]))
        looks_drawn(s[l], p[l])
    assert (s[top].sum(1) == 1).all(), "one output is chosen"
    reward = (s[top] * trial.target).sum(1, keepdims=True)
    usual = trial["Critic.usual"][top]
    surprise = h.lr * (reward - usual)
    layers = range(1, top + 1)
    increments = {
        "W": [None] + [outer(Contrast(surprise * s[l], surprise * p[l]), s[l - 1]) for l in layers],
        "b": [None] + [mean(Contrast(surprise * s[l], surprise * p[l])) for l in layers],
        "Critic.usual": [None] * top + [h.rate * (mean(reward) - usual)],
    }
    return increments, {"act.p": p, "act.s": [trial.data] + [None] * top}


def critic(chain):
    return [(layer, name, (1,)) for layer, name, _ in units(chain)]


CASES = [Case("rules/reinforce", "5 - 6 sigmoid - 4 sigmoid - 3 softmax",
              {"W": up, "b": (units, gaussian(1)), "Critic.usual": output(critic)}, expected,
              settings={"rate": 0.25, "lr": 0.5}, target=classes, samples=200)]
