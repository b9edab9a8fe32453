#!/usr/bin/env python3
"""What the rules of `examples` add, against NumPy: `python3 tests/numpy/run.py [NAME…]`.

A line is one program: the largest difference of all arrays, as a part of the array's largest number, in f64 and f32. With
`--mutate` what NumPy says is falsified, one array at a time and hardly more than is tolerated: each must be found out.
"""

import argparse
import importlib
import pathlib
import sys

import numpy as np

from compare import TOLERANCE, Compiler, Difference, compare, distances, presentations

HERE = pathlib.Path(__file__).resolve().parent


def scripts():
    return sorted(path.stem for path in (HERE / "rules").glob("*.py"))


def cases(names):
    for name in names:
        yield from importlib.import_module(f"rules.{name}").CASES


def line(compiler, case):
    """The line of a case, and whether all is well."""
    found, fine = [], True
    for precision in ("f64", "f32"):
        try:
            far, where = compare(compiler, case, precision)
        except (Difference, AssertionError) as difference:
            far, where = np.inf, str(difference)
        well = far <= TOLERANCE[precision]
        fine &= well
        found.append(f"{far:8.1e}" + ("" if well else f" of {TOLERANCE[precision]:.0e}: {where}"))
    return f"{case.name:<52}" + "  ".join(f"{p} {text}" for p, text in zip(("f64", "f32"), found)), fine


def mutated(compiler, case):
    """How often NumPy's word was falsified, and whether it was noticed each time."""
    count, missed = 0, []
    for precision in ("f64", "f32"):
        found, said = next(presentations(compiler, case, precision))
        tolerance = TOLERANCE[precision]
        for name, expected in said.items():
            count += 1
            if distances(found, said | {name: expected.falsified(3 * tolerance)})[name] <= tolerance:
                missed.append(f"{name} in {precision}")
    text = f"missed {', '.join(missed)}" if missed else f"{count} noticed"
    return f"{case.name:<52}{text}", not missed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"scripts of `rules`: {', '.join(scripts())}")
    parser.add_argument("--plrc", default=HERE.parents[1] / "target/release/plrc", help="the compiler")
    parser.add_argument("--mutate", action="store_true", help="falsify what NumPy says, and insist that it is noticed")
    return parser.parse_args()


def main():
    given = arguments()
    compiler = Compiler(given.plrc)
    judge = mutated if given.mutate else line
    all_fine = True
    for case in cases(given.names or scripts()):
        text, fine = judge(compiler, case)
        print(f"{text}  {'ok' if fine else 'FAIL'}", flush=True)
        all_fine &= fine
    sys.exit(0 if all_fine else 1)


main()
