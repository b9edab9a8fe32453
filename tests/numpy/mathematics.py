"""The mathematics that many rules share. Samples are rows: `x @ W.T` is what arrives."""

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def linear(x):
    return x


# Derivatives of activations, as functions of what goes in.


def d_tanh(x):
    return 1 / np.cosh(x) ** 2


def d_sigmoid(x):
    return sigmoid(x) * (1 - sigmoid(x))


def d_relu(x):
    return (x > 0) * 1.0


class Contrast:
    """A difference of two terms. What rounding makes of it is a part of the terms, not of what is left of them."""

    def __init__(self, one, other):
        self.one, self.other = one, other

    def __rmul__(self, factor):
        return Contrast(factor * self.one, factor * self.other)

    @property
    def value(self):
        return self.one - self.other

    @property
    def size(self):
        return max(np.abs(self.one).max(), np.abs(self.other).max())


def outer(post, pre):
    """The mean over the samples of `post pre^T`."""
    if isinstance(post, Contrast):
        return Contrast(outer(post.one, pre), outer(post.other, pre))
    return post.T @ pre / len(post)


def mean(values):
    """The mean over the samples."""
    if isinstance(values, Contrast):
        return Contrast(mean(values.one), mean(values.other))
    return values.mean(0)


def one_hot(places, size):
    return np.eye(size)[places]


def rms(x):
    return np.sqrt((x**2).mean(-1, keepdims=True))


def forward(W, b, x, f, f_top):
    """Drives and activities of all layers; those of the input are its data."""
    a, xs = [x], [x]
    for layer in range(1, len(W)):
        a.append(xs[-1] @ W[layer].T + (0 if b is None else b[layer]))
        xs.append((f_top if layer == len(W) - 1 else f)(a[-1]))
    return a, xs


def backward(back, a, d_top, df):
    """Errors of all layers above the input, which come down through `back`, `[below, above]`."""
    d = [None] * len(a)
    d[-1] = d_top
    for layer in range(len(a) - 2, 0, -1):
        d[layer] = df(a[layer]) * (d[layer + 1] @ back[layer + 1].T)
    return d


def transposed(W):
    return [None if w is None else w.T for w in W]


def per_layer(function, *lists):
    """A function of what each layer above the input has; None where a layer has not all of it."""
    rest = zip(*(values[1:] for values in lists))
    return [None] + [None if any(v is None for v in values) else function(*values) for values in rest]


def weights_and_thresholds(d, x, rate):
    """The delta rule in all layers: `rate d x^T`."""
    pre = [None, *x[:-1]]
    return {"W": per_layer(lambda d, x: rate * outer(d, x), d, pre), "b": per_layer(lambda d: rate * mean(d), d)}


def looks_drawn(values, probability):
    """Insists that zeros and ones could have been drawn with these probabilities: a unit's sum is within six deviations."""
    deviation = np.sqrt((probability * (1 - probability)).sum(0))
    assert np.isin(values, (0, 1)).all(), "what is drawn is neither 0 nor 1"
    assert (np.abs((values - probability).sum(0)) <= 6 * deviation).all(), "it was drawn with other probabilities"


def looks_normal(values):
    """Insists that numbers could have been drawn from the normal distribution, by their mean and their square."""
    count = values.size
    assert abs(values.mean()) < 6 / np.sqrt(count), "the mean of what is drawn is not 0"
    assert abs((values**2).mean() - 1) < 6 * np.sqrt(2 / count), "the variance of what is drawn is not 1"


def looks_counted(values, rate):
    """Insists that counts could have been drawn by Poisson's law: their sum, and how many of them are 0."""
    assert ((values >= 0) & (values == np.floor(values))).all(), "what is drawn is no count"
    none = np.exp(-rate)
    for found, probable, variance in [(values, rate, rate), (values == 0, none, none * (1 - none))]:
        assert abs((found - probable).sum()) <= 6 * np.sqrt(variance.sum()), "it was drawn with other rates"
