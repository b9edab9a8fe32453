"""Runs `plrc probe` on a program and compares what it says with what NumPy says.

A script of `rules` has a list `CASES`. A case names a program, a small network, the parameters that the rule takes, and
a function that computes from a `Trial` what one presentation adds to each of them, and which states it leaves.
"""

import pathlib
import subprocess
import tempfile
import zlib
from types import SimpleNamespace

import numpy as np

from mathematics import Contrast
from network import Chain, gaussian, uniform

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
TOLERANCE = {"f64": 1e-12, "f32": 2e-6}


class Case:
    """One program on one network, and what NumPy expects of it.

    `parameters` gives each parameter its place, or a place and a law of its first values. `expected(trial)` returns two
    dictionaries: what is added to the parameters, and states by `phase.state`; their values are lists by layer. A third
    has new parameters that are not old ones and what is added. `bounds` are functions that new parameters go through. `steps` is the length of a sequence. With `free`
    NumPy goes on from its own parameters in later updates, and otherwise from those of plrc.
    """

    def __init__(self, program, network, parameters, expected, *, rule=None, experiment=None, settings=None,
                 data=gaussian(1), target=uniform(0.2, 0.8), steps=None, samples=6, updates=2, free=False,
                 bounds=None):
        self.program, self.expected = program, expected
        self.chain = network if isinstance(network, Chain) else Chain(network)
        self.rule, self.experiment, self.settings = rule, experiment, settings or {}
        self.laws, self.places = {}, {}
        for name, place in parameters.items():
            place, law = place if isinstance(place, tuple) else (place, gaussian(0.5))
            self.laws[name], self.places[name] = law, place(self.chain)
        self.data, self.target, self.steps, self.samples = data, target, steps, samples
        self.updates, self.free, self.bounds = updates, free, bounds or {}

    @property
    def name(self):
        return " ".join(filter(None, (self.program, self.rule, self.experiment)))

    def random(self, update):
        """Numbers that depend on the case alone."""
        return np.random.default_rng([zlib.crc32(self.name.encode()), update])

    def first_values(self):
        random = self.random(0)
        return {key: rounded(self.laws[name](random, shape)) for name, _, key, shape in self.instances()}

    def batch(self, update):
        random, steps = self.random(1 + update), [] if self.steps is None else [self.steps]
        draw = lambda law, size: rounded(law(random, (self.samples, *steps, size)))
        return {"data": draw(self.data, self.chain.sizes[0]), "target": draw(self.target, self.chain.sizes[-1])}

    def instances(self):
        """The parameter, the layer, the full name and the shape of every array that the rule takes."""
        for name, places in self.places.items():
            for layer, place, shape in places:
                yield name, layer, f"{name}/{place}" if place else name, shape


def rounded(array):
    """Numbers that have a place in f32, so that both precisions get the same ones."""
    return np.asarray(array, np.float32).astype(np.float64)


class Trial:
    """What the function of a case sees of one presentation: `data`, `target`, the settings in `h`, and its parameters, as
    `trial["W"][layer]`."""

    def __init__(self, case, precision, arrays, batch, found):
        self.case, self.precision, self.arrays, self.found = case, precision, arrays, found
        self.data, self.target = batch["data"], batch["target"]
        self.top, self.samples, self.h = case.chain.top, case.samples, SimpleNamespace(**self.settings(case.settings))

    def settings(self, settings):
        """As plrc has them: hyper-parameters are rounded to the precision of the run (R12.1). A count stays one."""
        real = {"f64": np.float64, "f32": np.float32}[self.precision]
        return {name: value if isinstance(value, int) else float(real(value)) for name, value in settings.items()}

    def __getitem__(self, name):
        return self.by_layer(self.arrays, {l: key for n, l, key, _ in self.case.instances() if n == name})

    def by_layer(self, arrays, keys):
        return [arrays.get(keys.get(layer)) for layer in range(self.top + 1)]

    def drawn(self, state):
        """The values of a state `phase.x` that plrc draws and NumPy cannot know."""
        return self.by_layer(self.found, {l: state_name(state, at) for l, at in enumerate(self.case.chain.names)})

    def redrawn(self, name):
        """The new values of a parameter that is drawn."""
        keys = {l: f"new/{key}" for n, l, key, _ in self.case.instances() if n == name}
        return self.by_layer(self.found, keys)

    def predictions(self):
        """What NumPy says, by the names that plrc uses."""
        increments, states, *new = self.case.expected(self)
        said = {}
        for name, layer, key, _ in self.case.instances():
            if name in increments and increments[name][layer] is not None:
                said |= self.learned(name, key, Said(increments[name][layer]))
            for said_new in (new[name][layer] for new in new if name in new):
                said[f"new/{key}"] = Said(said_new)
        for state, layers in states.items():
            known = zip(self.case.chain.names, layers)
            said |= {state_name(state, at): Said(values) for at, values in known if values is not None}
        return said

    def learned(self, name, key, increment):
        """The increment of a parameter, before bounds, and its new values, within them."""
        new = self.arrays[key] + increment.value
        if name in self.case.bounds:
            new = self.case.bounds[name](new)
        return {f"increment/{key}": increment, f"new/{key}": Said(new, increment.size)}


def state_name(state, layer):
    phase, name = state.split(".", 1)
    return f"state/{phase}/{name}/{layer}"


class Difference(Exception):
    """The two do not say the same, or nothing."""


class Compiler:
    """plrc, and a directory for its files."""

    def __init__(self, path):
        self.path = path
        self.directory = tempfile.TemporaryDirectory()

    def probe(self, case, precision, update, arrays, batch):
        """All that one presentation leaves, by name, in f64."""
        room = pathlib.Path(self.directory.name)
        files = {name: room / f"{name}.npz" for name in ("params", "data", "out")}
        np.savez(files["params"], **arrays)
        np.savez(files["data"], **batch)
        flags = files | {"network": case.chain.text, "precision": precision, "update": update}
        flags |= {name: value for name, value in (("rule", case.rule), ("experiment", case.experiment)) if value}
        words = [word for name, value in flags.items() for word in (f"--{name}", value)]
        words += [word for name, value in case.settings.items() for word in ("--set", f"{name}={value!r}")]
        command = [self.path, "probe", EXAMPLES / f"{case.program}.plr", *words]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise Difference(done.stderr.strip())
        with np.load(files["out"]) as found:
            return {name: found[name].astype(np.float64) for name in found}


class Said:
    """What NumPy says of an array, and the size to which its errors are compared: that of its largest number or, where it
    is a difference, of the largest in its terms."""

    def __init__(self, said, least=0):
        if isinstance(said, Contrast):
            self.value, self.size = said.value, said.size
        else:
            self.value = np.asarray(said, np.float64)
            self.size = max(np.abs(self.value).max(), least)

    def distance(self, found):
        if np.shape(found) != self.value.shape:
            raise Difference(f"the shape is {np.shape(found)} instead of {self.value.shape}")
        if not (0 < self.size < np.inf and self.value.any()):
            raise Difference(f"the largest expected number is {np.abs(self.value).max()}, which says nothing")
        far = np.abs(found - self.value).max() / self.size
        return far if np.isfinite(far) else np.inf

    def falsified(self, part):
        """The same, but that the largest number differs by a part of the size."""
        other = self.value.copy()
        other.flat[np.abs(other).argmax()] += part * self.size
        return Said(other, self.size)


def distances(found, said):
    """The distance of every array of which NumPy says something, which must be all increments at least."""
    silent = [name for name in found if name.startswith("increment/") and name not in said]
    if silent:
        raise Difference(f"NumPy says nothing of {', '.join(silent)}")
    return {name: distance(name, found, expected) for name, expected in said.items()}


def distance(name, found, expected):
    if name not in found:
        raise Difference(f"plrc says nothing of {name}")
    try:
        return expected.distance(found[name])
    except Difference as difference:
        raise Difference(f"{name}: {difference}") from None


def presentations(compiler, case, precision):
    """For each update, what plrc says and what NumPy says."""
    arrays = case.first_values()
    for update in range(case.updates):
        batch = case.batch(update)
        found = compiler.probe(case, precision, update, arrays, batch)
        said = Trial(case, precision, arrays, batch, found).predictions()
        yield found, said
        new = {name: expected.value for name, expected in said.items()} if case.free else found
        arrays |= {key: new[f"new/{key}"] for key in arrays if f"new/{key}" in new}


def farthest(pairs):
    """The largest distance of all presentations, and what it is of."""
    return max((far, name) for found, said in pairs for name, far in distances(found, said).items())
