#!/usr/bin/env python3
"""Whether time is what the arithmetic says, and threads change nothing: `python3 tests/peers/sizes.py [--help]`.

1. Equilibrium propagation on networks of two to four layers of 256 to 4096 units, minibatches of 64 to 1024, 10 + 5
   steps: microseconds per sample, and the rate of the arithmetic that cannot be avoided. The rate should be the same
   everywhere: time is linear in samples, steps and synapses.
2. Steps: the same network with 10, 20, 40 and 80 free steps.
3. Every case of `cases.plr` with 1, 2, 3 and 7 threads: the weights must be the same to the last bit.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE / "cases.plr"
INPUTS, OUTPUTS = 784, 10


class Runs:
    def __init__(self, binary, room):
        self.binary, self.room = binary, room
        generator = np.random.default_rng(1)
        for name, outputs in (("relaxed", OUTPUTS), ("online", 100)):
            x = generator.random((2048, INPUTS), dtype=np.float32)
            np.savez(room / f"{name}.npz", x=x, y=generator.random((2048, outputs), dtype=np.float32))

    def run(self, experiment, threads, updates, *flags, data="relaxed"):
        """Seconds of an update, and what the weights are, as a hash."""
        out = self.room / "out"
        words = [self.binary, "run", CASES, experiment, "--data", self.room / f"{data}.npz", "--validation", 0]
        words += ["--threads", threads, "--updates", updates, "--out", out, *flags]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stderr}")
        rows = [row.split(",") for row in (out / "epochs.csv").read_text().splitlines()]
        at = rows[0].index("seconds")
        seconds = sum(float(row[at]) for row in rows[1:])
        found = json.loads((out / "run.json").read_text())["result"]["updates"]
        weights = hashlib.sha256((out / "weights.safetensors").read_bytes()).hexdigest()
        for file in out.iterdir():
            file.unlink()
        return seconds / found, weights

    def relaxation(self, layers, units, batch, free, nudged, threads):
        """Microseconds per sample and GFLOP/s of equilibrium propagation."""
        network = " - ".join([str(INPUTS), *[f"{units} hard_sigmoid"] * layers, f"{OUTPUTS} hard_sigmoid"])
        first, inner = INPUTS * units, (layers - 1) * units * units + units * OUTPUTS
        work = 2 * batch * (2 * first + (2 * (free + nudged) + 2) * inner)
        updates = max(2, min(50, int(1e10 / work)))
        flags = ["--network", network, "--batch", batch, "--set", f"T={free}", "--set", f"K={nudged}"]
        seconds = min(self.run("ep_two_hidden", threads, updates, *flags)[0] for _ in range(3))
        return 1e6 * seconds / batch, work / seconds / 1e9


def table(runs, threads, units_of_layers, layers_of_networks):
    print(f"{'layers':>6}{'units':>7}{'batch':>7}{'µs / sample':>13}{'GFLOP/s':>9}", flush=True)
    for layers in layers_of_networks:
        for units in units_of_layers:
            for batch in (64, 256, 1024):
                if layers * units * units * batch > 4 * 4096**2 * 256:
                    continue
                micros, rate = runs.relaxation(layers, units, batch, 10, 5, threads)
                print(f"{layers:>6}{units:>7}{batch:>7}{micros:>13.1f}{rate:>9.0f}", flush=True)
    print(f"\n{'free steps':>10}{'µs / sample':>13}{'GFLOP/s':>9}", flush=True)
    for steps in (10, 20, 40, 80):
        micros, rate = runs.relaxation(2, 512, 64, steps, 5, threads)
        print(f"{steps:>10}{micros:>13.1f}{rate:>9.0f}", flush=True)


def threads_agree(runs):
    names = ("backprop", "feedback_alignment", "ep_one_hidden", "ep_two_hidden", "predictive_coding", "oja", "sanger")
    for name in names:
        data = "online" if name in ("oja", "sanger") else "relaxed"
        found = {threads: runs.run(name, threads, 12, data=data)[1] for threads in (1, 2, 3, 7)}
        if len(set(found.values())) != 1:
            sys.exit(f"{name}: the weights depend on the number of threads: {found}")
        print(f"{name}: the same weights with 1, 2, 3 and 7 threads", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plrc", default=HERE.parents[1] / "target/release/plrc")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="no more than 1024 units")
    parser.add_argument("--units", type=int, action="append", help="only layers of so many")
    parser.add_argument("--layers", type=int, action="append", help="only so many layers")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        runs = Runs(arguments.plrc, pathlib.Path(room))
        threads_agree(runs)
        units = arguments.units or ([256, 512, 1024] if arguments.quick else [256, 512, 1024, 2048, 4096])
        table(runs, arguments.threads, units, arguments.layers or [2, 3, 4])


if __name__ == "__main__":
    main()
