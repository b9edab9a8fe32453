"""One alternative on one case, in a process of its own: `peer.py TOOL CASE IN.npz OUT.npz COUNT`.

`IN.npz` holds the parameters and `data`, `target` of as many minibatches as there are, `[minibatch, batch, features]`; they
are presented in turn, COUNT in all. Writes the parameters after them, and says how many seconds a minibatch took.
"""

import importlib
import json
import sys
import time

import numpy as np


def main(tool, case, source, out, count):
    module = importlib.import_module(f"{tool}_peer")
    arrays = dict(np.load(source))
    data, target = arrays.pop("data"), arrays.pop("target")
    if hasattr(module, "train"):
        arrays, seconds, compiled = module.train(case, arrays, data, target, count)
    else:
        compiled, start = 0.0, time.perf_counter()
        for i in range(count):
            module.UPDATES[case](arrays, data[i % len(data)], target[i % len(data)])
        seconds = time.perf_counter() - start
    np.savez(out, **{name: np.asarray(array) for name, array in arrays.items()})
    print(json.dumps({"seconds": seconds / count, "compile": compiled}))


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
