#!/usr/bin/env python3
"""What the rules of `examples` add, against NumPy: `python3 tests/numpy/run.py [NAME…]`.

A line is one program: the largest difference of all arrays, as a part of the array's largest number, in f64 and f32. With
`--mutate` what NumPy says is then falsified, one array at a time and hardly more than is tolerated: each must be found out.
"""

import argparse
import importlib
import pathlib
import sys

import numpy as np

from compare import TOLERANCE, Compiler, Difference, distances, farthest, presentations

HERE = pathlib.Path(__file__).resolve().parent


def scripts():
    return sorted(path.stem for path in (HERE / "rules").glob("*.py"))


def cases(names):
    for name in names:
        yield from importlib.import_module(f"rules.{name}").CASES


def line(compiler, case, falsify):
    """The line of a case, and whether all is well."""
    fine, text = True, ""
    for precision, tolerance in TOLERANCE.items():
        try:
            pairs = list(presentations(compiler, case, precision))
            far, where = farthest(pairs)
        except (Difference, AssertionError) as difference:
            pairs, far, where = [], np.inf, str(difference)
        missed = list(unnoticed(pairs, tolerance)) if falsify else []
        fine &= far <= tolerance and not missed
        text += f"  {precision} {far:8.1e}" + ("" if far <= tolerance else f" of {tolerance:.0e}: {where}")
        text += f" unnoticed: {', '.join(missed)}" if missed else ""
    return f"{case.name:<52}{text}  {'ok' if fine else 'FAIL'}", fine


def unnoticed(pairs, tolerance):
    """The arrays of which something false can be said."""
    for found, said in pairs:
        for name, expected in said.items():
            if distances(found, said | {name: expected.falsified(3 * tolerance)})[name] <= tolerance:
                yield name


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"scripts of `rules`: {', '.join(scripts())}")
    parser.add_argument("--plrc", default=HERE.parents[1] / "target/release/plrc", help="the compiler")
    parser.add_argument("--mutate", action="store_true", help="falsify what NumPy says too; it must be noticed")
    return parser.parse_args()


def main():
    given = arguments()
    compiler = Compiler(given.plrc)
    all_fine = True
    for case in cases(given.names or scripts()):
        text, fine = line(compiler, case, given.mutate)
        print(text, flush=True)
        all_fine &= fine
    sys.exit(0 if all_fine else 1)


main()
