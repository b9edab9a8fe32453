"""The layers of a network, where its parameters are, and their first values.

A place gives, for a chain, `(layer, name, shape)` of every instance of a parameter. A synapse between two layers counts
as one of the upper layer, whichever way it runs; so weights and feedback of one edge have one number.
"""

import numpy as np


class Chain:
    """The layers of a network `5 - 4 tanh - 3`, by number from the input, 0, to the output, `top`. Where layers have rows
    and columns, whoever writes the network counts their units."""

    def __init__(self, text, sizes=None):
        self.text = text
        self.sizes = sizes or [int(layer.split()[0]) for layer in text.split(" - ")]
        self.top = len(self.sizes) - 1
        self.names = ["input"] + [f"h{layer}" for layer in range(1, self.top)] + ["output"]

    def edge(self, pre, post):
        """The name and the shape of the weights from one layer to another."""
        return f"{self.names[pre]}->{self.names[post]}", (self.sizes[post], self.sizes[pre])


def up(chain):
    return [(layer, *chain.edge(layer - 1, layer)) for layer in range(1, chain.top + 1)]


def down_to_input(chain):
    return [(layer, *chain.edge(layer, layer - 1)) for layer in range(1, chain.top + 1)]


def down(chain):
    return down_to_input(chain)[1:]


def from_output(chain):
    """Here the layer is the one that hears."""
    return [(layer, *chain.edge(chain.top, layer)) for layer in range(1, chain.top)]


def lateral(chain):
    return [(layer, *chain.edge(layer, layer)) for layer in range(1, chain.top + 1)]


def all_units(chain):
    return [(layer, chain.names[layer], (size,)) for layer, size in enumerate(chain.sizes)]


def units(chain):
    return all_units(chain)[1:]


def hidden(place):
    """The instances that belong to hidden layers."""
    return lambda chain: [instance for instance in place(chain) if 0 < instance[0] < chain.top]


def output(place):
    """The instances that belong to the output."""
    return lambda chain: [instance for instance in place(chain) if instance[0] == chain.top]


def once(_chain):
    """One number for the whole network."""
    return [(0, "", ())]


def gaussian(deviation):
    return lambda random, shape: deviation * random.standard_normal(shape)


def uniform(low, high):
    return lambda random, shape: random.uniform(low, high, shape)


def constant(value):
    return lambda _random, shape: np.full(shape, float(value))


def bernoulli(probability):
    return lambda random, shape: (random.uniform(size=shape) < probability).astype(float)


def classes(random, shape):
    """One class each, as a 1 among 0."""
    return np.eye(shape[-1])[random.integers(shape[-1], size=shape[:-1])]
