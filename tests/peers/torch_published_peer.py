"""The cases in PyTorch as most published code has them: an energy or a loss, and automatic differentiation for the rest. Layers are
modules, weights belong to an optimiser; only the online rules are written without derivatives, as their authors do.
"""

from functools import partial
from itertools import pairwise

import plain
import torch
import torch.nn.functional as F
import torch_peer
from torch import nn


def synapse(p, low, high):
    """The synapse between two layers as a module, on the memory of `p`."""
    w, b = p[f"W/{low}->{high}"], p[f"b/{high}"]
    module = nn.Linear(w.shape[1], w.shape[0]) if w.dim() == 2 else nn.Conv2d(w.shape[1], w.shape[0], w.shape[2])
    module.weight, module.bias = nn.Parameter(w), nn.Parameter(b)
    return module


class Published:
    """A network, and the optimiser of its weights."""

    layers = plain.TWO_HIDDEN
    lr = 0.05

    def __init__(self, p):
        self.synapses = nn.ModuleList(synapse(p, *ends) for ends in pairwise(self.layers))
        self.optimiser = torch.optim.SGD(self.synapses.parameters(), lr=self.lr)

    def descend(self, loss):
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


def half_squared_error(y, t):
    return 0.5 * F.mse_loss(y, t, reduction="sum")


class Backprop(Published):
    lr = 0.01

    def forward(self, x):
        first, second, top = self.synapses
        return top(F.relu(second(F.relu(first(x)))))

    def __call__(self, x, t):
        self.descend(half_squared_error(self.forward(x), t) / len(x))


class Feedback(torch.autograd.Function):
    """A linear layer whose error goes down through `back` instead of its own weights."""

    @staticmethod
    def forward(ctx, x, w, b, back):
        ctx.save_for_backward(x, back)
        return F.linear(x, w, b)

    @staticmethod
    def backward(ctx, d):
        x, back = ctx.saved_tensors
        return d @ back.T, d.T @ x, d.sum(0), None


class FeedbackAlignment(Backprop):
    lr = 0.001

    def __init__(self, p):
        super().__init__(p)
        self.backs = p["B/h2->h1"], p["B/output->h2"]

    def forward(self, x):
        first, *upper = self.synapses
        x = first(x)
        for module, back in zip(upper, self.backs):
            x = Feedback.apply(F.relu(x), module.weight, module.bias, back)
        return x


class EquilibriumPropagation(Published):
    """States go where the primitive function Phi rises: `s = clip(dPhi / ds)`."""

    shapes = (512,), (512,), (10,)
    steps = 30, 10
    beta = 0.5

    def hear(self, level, low):
        """What the layer above `level` hears."""
        return self.synapses[level](low)

    def phi(self, s, t, beta):
        total = sum((high * self.hear(level, low)).sum() for level, (low, high) in enumerate(pairwise(s)))
        return total - beta * half_squared_error(s[-1], t) if beta else total

    def relax(self, s, t, beta, steps):
        x, *s = s
        for _ in range(steps):
            s = [state.detach().requires_grad_() for state in s]
            s = [slope.clamp(0, 1) for slope in torch.autograd.grad(self.phi([x, *s], t, beta), s)]
        return [x, *s]

    def __call__(self, x, t):
        free, nudged = self.steps
        start = [x, *(x.new_zeros(len(x), *shape) for shape in self.shapes)]
        f = self.relax(start, t, 0, free)
        s = self.relax(f, t, self.beta, nudged)
        self.descend((self.phi(f, t, 0) - self.phi(s, t, self.beta)) / self.beta / len(x))


class OneHidden(EquilibriumPropagation):
    layers, shapes, steps = plain.ONE_HIDDEN, ((500,), (10,)), (20, 4)


class Convolutions(EquilibriumPropagation):
    shapes = (32, 24, 24), (64, 8, 8), (10,)

    def hear(self, level, low):
        if level > 0:
            low = F.avg_pool2d(low, 2)
        return self.synapses[level](low.flatten(1) if level == 2 else low)

    def __call__(self, x, t):
        super().__call__(x.view(-1, 1, 28, 28), t)


class PredictiveCoding(Published):
    """States, and then weights, go where the energy falls, which is half of all squared errors."""

    lr, gamma, steps = 0.005, 0.1, 20

    def energy(self, x, hidden, t):
        pre = [x, *map(torch.tanh, hidden)]
        return sum(half_squared_error(own, module(low)) for own, module, low in zip([*hidden, t], self.synapses, pre))

    @torch.no_grad()
    def predict(self, x):
        x1 = self.synapses[0](x)
        return [x1, self.synapses[1](x1.tanh())]

    def __call__(self, x, t):
        hidden = self.predict(x)
        for _ in range(self.steps):
            followed = [h.requires_grad_() for h in hidden]
            slopes = torch.autograd.grad(self.energy(x, followed, t), followed)
            hidden = [h.detach() - self.gamma * slope for h, slope in zip(followed, slopes)]
        self.descend(self.energy(x, hidden, t) / len(x))


def oja(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    w += lr * (torch.outer(y, v) - y[:, None] ** 2 * w)


def sanger(p, x, t, lr=0.001):
    w, v = p["W/input->output"], x[0]
    y = w @ v
    w += lr * (torch.outer(y, v) - torch.tril(torch.outer(y, y)) @ w)


CASES = {
    "backprop": Backprop,
    "feedback_alignment": FeedbackAlignment,
    "ep_one_hidden": OneHidden,
    "ep_two_hidden": EquilibriumPropagation,
    "ep_convolutions": Convolutions,
    "predictive_coding": PredictiveCoding,
    "oja": lambda p: partial(oja, p),
    "sanger": lambda p: partial(sanger, p),
}
train = partial(torch_peer.train, prepare=lambda case, p: CASES[case](p), gradients=True)
