"""Hinton (2022): each layer makes its goodness, the mean square of its activity, large for right labels and small for
wrong ones, `dW = +-(1 - p or p) z n^T`; only the direction of the activity goes on."""

from compare import Case
from goodness import gradients, way_up
from network import classes, hidden, units, up
from optimisers import adam_memories, chosen, with_adam


def expected(trial):
    top = trial.top
    wrong = trial.drawn("wrong.label")[top]
    assert (wrong.sum(1) == 1).all() and not (wrong * trial.target).any(), "a wrong label is one other label"
    right, wrong = (way_up(trial, trial.data + label @ trial["show"][top].T) for label in (trial.target, wrong))
    increments = with_adam(trial, gradients(trial, right, wrong), chosen("rules/forward_forward", "digits"))
    return increments, {"right.z": right[0], "wrong.n": wrong[1]}


def shown(chain):
    """From every layer to the input; only the output has a label to show."""
    return [(l, f"{chain.names[l]}->input", (chain.sizes[0], chain.sizes[l])) for l in range(1, chain.top + 1)]


CASES = [Case("rules/forward_forward", "5 - 6 relu - 4 relu - 3 softmax",
              adam_memories({"W": hidden(up), "b": hidden(units)}) | {"show": shown}, expected,
              settings={"theta": 0.5, "lr": 0.5}, target=classes, samples=12)]
