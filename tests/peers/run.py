#!/usr/bin/env python3
"""How fast plrc is beside its alternatives, on the same work: `python3 tests/peers/run.py [--rounds 5] [--case NAME]…`.

Every case of `cases.plr` is first checked: from the same weights, the same minibatch is presented several times by plrc and
by every alternative that is installed, and the weights must agree in the end. Then each presents several hundred minibatches of random
numbers, or as many as it can in `--seconds`, in turn, for several rounds. A line of the table is one tool on one case: milliseconds per
minibatch (median, least and most of the rounds), that time as a multiple of plrc's, of the floor, then compile time, start-up and
peak memory. Alternatives come in two groups: the best way we know, then the rule as written or as published. A line for each case at the
end has what the goals speak of.

The floor is the necessary arithmetic at the rate `--peak` (GFLOP/s of both cores), products of what does not change in a
presentation counted once and equal outer products shared; online cases are bound by reading and writing W at `--bandwidth`.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE / "cases.plr"
THREADS = "2"


# The alternatives and the package that each needs: the best ways, then those as written and as published.
BEST = {"numpy": "numpy", "jax": "jax", "torch": "torch", "torch_compiled": "torch"}
PLAIN = {"numpy_plain": "numpy", "jax_plain": "jax", "torch_plain": "torch", "torch_published": "torch"}
TOOLS = BEST | PLAIN
LINE = "{:<20}{:<17}{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}{:>12}{:>11}"
HEAD = ("case", "tool", "median", "min", "max", "/ plrc", "/ floor", "compile ms", "start-up ms", "memory MB")


class Case:
    """Where it stands in `cases.plr`, its minibatches, the multiplications it cannot avoid, how many minibatches a round has, and the
    goals: the best alternative's time by plrc's, that of PyTorch as written, and plrc's by the floor.
    """

    def __init__(self, name, sizes, batch, products, count, goals, experiment=None, bytes_moved=0):
        self.name, self.sizes, self.batch, self.count, self.goals = name, sizes, batch, count, goals
        self.experiment = experiment or name
        self.products, self.bytes_moved = products, bytes_moved

    def floor(self, peak, bandwidth):
        return max(2 * self.batch * self.products / peak / 1e9, self.bytes_moved / bandwidth / 1e9)


A, B, C = 784 * 512, 512 * 512, 512 * 10
PC = (784 * 256, 256 * 256, 256 * 10)
ONE = (784 * 500, 500 * 10)
# A convolution's products: of channels, taps and places. Input to first layer, first to second, second to output.
KERNELS = (32 * 25 * 24 * 24, 64 * 32 * 25 * 8 * 8, 64 * 4 * 4 * 10)
FEED = 2 * A + 3 * B + 3 * C
CASES_RUN = [
    Case("backprop_64", (784, 10), 64, FEED, 1500, (1.5, 1.5, 1.6), "backprop"),
    Case("backprop_256", (784, 10), 256, FEED, 500, (1.1, 1.1, 1.6), "backprop"),
    Case("feedback_alignment", (784, 10), 64, FEED, 1500, (1.6, 1.6, 1.4)),
    Case("ep_one_hidden", (784, 10), 20, 2 * ONE[0] + (2 * 24 + 2) * ONE[1], 8000, (3, 25, 2)),
    Case("ep_two_hidden", (784, 10), 64, 2 * A + (2 * 40 + 2) * (B + C), 150, (1.6, 3.5, 1.4)),
    Case("ep_convolutions", (784, 10), 64, 2 * KERNELS[0] + (2 * 40 + 2) * (KERNELS[1] + KERNELS[2]), 4, (1.5, 2, None)),
    Case("predictive_coding", (784, 10), 64, 2 * PC[0] + (2 * 20 + 2) * (PC[1] + PC[2]), 1000, (2, 4, 1.7)),
    Case("oja", (784, 100), 1, 2 * 78400, 200_000, (3.5, 40, 1.2), bytes_moved=2 * 4 * 78400),
    Case("sanger", (784, 100), 1, 2 * 78400, 100_000, (15, 25, 3), bytes_moved=2 * 4 * 78400),
]


def run(command, **more):
    """Runs a process; its output, its seconds of wall clock, its peak memory in MB."""
    start = time.perf_counter()
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=THREADS, OMP_NUM_THREADS=THREADS, PYTHONPATH=str(HERE))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True, **more)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{err}")
    return out, time.perf_counter() - start, usage.ru_maxrss / 1024


def minibatches(case, count):
    generator = np.random.default_rng(1)
    features, outputs = case.sizes
    data = generator.random((count, case.batch, features), dtype=np.float32)
    target = generator.random((count, case.batch, outputs), dtype=np.float32)
    return data, target


def safetensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    arrays = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + at for at in entry["data_offsets"])
            arrays[name] = np.frombuffer(raw[begin:end], np.float32).reshape(entry["shape"]).copy()
    return arrays


class Plrc:
    name = "plrc"

    def __init__(self, binary, room, flags):
        self.binary, self.room, self.flags = binary, room, flags

    def train(self, case, data, target, length):
        """Presents minibatches; the weights after them, and the row of the table."""
        source, out = self.room / "data.npz", self.room / "out"
        flat = [a.reshape(-1, a.shape[-1]) for a in (data, target)]
        np.savez(source, x=flat[0], y=flat[1])
        command = [self.binary, "run", CASES, case.experiment, "--data", source, "--validation", 0, "--batch", case.batch]
        command += ["--threads", THREADS, "--out", out, *length, *self.flags]
        _, seconds, memory = run([str(word) for word in command])
        report = json.loads((out / "run.json").read_text())["result"]
        rows = (out / "epochs.csv").read_text().splitlines()
        columns = rows[0].split(",")
        trained = sum(float(row.split(",")[columns.index("seconds")]) for row in rows[1:])
        weights = safetensors(out / "weights.safetensors")
        for file in out.iterdir():
            file.unlink()
        updates = report["updates"]
        return weights, dict(seconds=trained / updates, compile=report["compile_seconds"], memory=memory)

    def time(self, case, data, target, _start, count):
        return self.train(case, data, target, ["--updates", count])[1]


class Peer:
    def __init__(self, name, room):
        self.name, self.room = name, room

    def train(self, case, start, data, target, count):
        source, out = self.room / "in.npz", self.room / "out.npz"
        np.savez(source, data=data, target=target, **start)
        command = [sys.executable, HERE / "peer.py", self.name, case.experiment, source, out, count]
        text, _, memory = run([str(word) for word in command])
        return dict(np.load(out)), dict(json.loads(text), memory=memory)

    def time(self, case, data, target, start, count):
        return self.train(case, start, data, target, count)[1]


def check(case, plrc, peers, updates=8):
    """The weights from which everyone starts, after insisting that everyone arrives at the same ones; seconds of a minibatch by each."""
    data, target = minibatches(case, 1)
    start, _ = plrc.train(case, data, target, ["--epochs", 1])
    end, row = plrc.train(case, data, target, ["--epochs", 1 + updates])
    seconds = {plrc.name: row["seconds"]}
    for peer in peers:
        found, row = peer.train(case, start, data, target, updates)
        seconds[peer.name] = row["seconds"]
        for name, array in end.items():
            moved = np.abs(array - start[name]).max()
            error = np.abs(array - found[name]).max()
            if not error <= 1e-2 * max(moved, 1e-6):
                sys.exit(f"{case.name}: {name} of {peer.name} is {error:.1e} away after moving {moved:.1e}")
    return start, seconds


def measure(case, tools, start, seconds, arguments):
    """The rows of every tool, of all rounds. A slow one presents fewer minibatches than the case has, but no less than two, by how long
    one took the last time."""
    data, target = minibatches(case, max(4, min(case.count, 2000 // case.batch)))
    rounds = {tool.name: [] for tool in tools}
    for _ in range(arguments.rounds):
        for tool in tools:
            count = max(2, min(case.count, int(arguments.seconds / seconds[tool.name])))
            row = tool.time(case, data, target, start, count)
            seconds[tool.name] = row["seconds"]
            rounds[tool.name].append(row)
    return rounds


def startup(command):
    return min(run(command)[1] for _ in range(3))


def startups(plrc, peers):
    """Seconds until each has started, by its name."""
    packages = {TOOLS[peer.name] for peer in peers}
    found = {package: startup([sys.executable, "-c", f"import {package}"]) for package in packages}
    return {plrc.name: startup([str(plrc.binary), "--version"])} | {peer.name: found[TOOLS[peer.name]] for peer in peers}


def median(rows, what="seconds"):
    return statistics.median(row[what] for row in rows)


def print_rows(case, rounds, begin, floor):
    """A case's part of the table: plrc, the best alternatives and, after a gap, those as written."""
    own = median(rounds["plrc"])
    for name, rows in rounds.items():
        if name == next((name for name in rounds if name in PLAIN), None):
            print()
        times, middle = [row["seconds"] for row in rows], median(rows)
        texts = [f"{1e3 * seconds:.3f}" for seconds in (middle, min(times), max(times))]
        texts += [f"{middle / own:.2f}", f"{middle / floor:.2f}", f"{1e3 * median(rows, 'compile'):.1f}"]
        memory = max(row["memory"] for row in rows)
        print(LINE.format(case.name, name, *texts, f"{1e3 * begin[name]:.0f}", f"{memory:.0f}"), flush=True)
    print()


def beside(number, goal, sign):
    return f"{number:.2f}" + (f" ({sign} {goal})" if goal else "")


def print_goals(found):
    """What the goals speak of, a line for each case, goals in brackets: `found` has a case, its rows, and its floor."""
    print("| case | best alternative | ÷ plrc | PyTorch as written ÷ plrc | PyTorch as published ÷ plrc | plrc ÷ floor |")
    print("|---|---|---|---|---|---|")
    for case, rounds, floor in found:
        own = median(rounds["plrc"])
        ratios = {name: median(rows) / own for name, rows in rounds.items()}
        best = min((name for name in rounds if name in TOOLS), key=ratios.get, default="")
        goals = {best: case.goals[0], "torch_plain": case.goals[1]}
        names = (best, "torch_plain", "torch_published")
        times = [beside(ratios[name], goals.get(name), "≥") if name in ratios else "" for name in names]
        print("|", " | ".join([case.name, best, *times, beside(own / floor, case.goals[2], "≤")]), "|")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="how long a tool may take for a case in a round, about")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES_RUN], help="only these")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="only these alternatives")
    parser.add_argument("--plrc", default=HERE.parents[1] / "target/release/plrc")
    parser.add_argument("--only-plrc", action="store_true", help="time no alternative")
    parser.add_argument("--peak", type=float, default=204, help="GFLOP/s")
    parser.add_argument("--bandwidth", type=float, default=125, help="GB/s")
    parser.add_argument("flags", nargs="*", help="after `--`: further flags of plrc run, as in -- -Z no-fuse")
    return parser.parse_args()


def main():
    arguments = parse()
    cases = [case for case in CASES_RUN if not arguments.case or case.name in arguments.case]
    chosen = [name for name in TOOLS if not arguments.tool or name in arguments.tool]
    with tempfile.TemporaryDirectory() as room:
        room = pathlib.Path(room)
        plrc = Plrc(arguments.plrc, room, arguments.flags)
        peers = [Peer(name, room) for name in chosen if importlib.util.find_spec(TOOLS[name])]
        begin = startups(plrc, peers)
        print(LINE.format(*HEAD), flush=True)
        found = []
        for case in cases:
            start, seconds = check(case, plrc, peers)
            rounds = measure(case, [plrc] + ([] if arguments.only_plrc else peers), start, seconds, arguments)
            floor = case.floor(arguments.peak, arguments.bandwidth)
            print_rows(case, rounds, begin, floor)
            found.append((case, rounds, floor))
        print_goals(found)


if __name__ == "__main__":
    main()
