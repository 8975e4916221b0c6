"""Resident memory of a worker with all stages, while posts go through it: one line for every ten thousand.

    python -m benchmarks memory [--posts 100000] [--step 10000] [--models] [--brands 1]

Without `--models` the chain is empty and the stages alone are seen. The embedded broker keeps its records in the same
process: it is part of what is resident, and is full after the first tens of thousands.
"""

from __future__ import annotations

import argparse

import corpus
from measured import Measured
from speed_flows import worker

from streams.wiring import STAGES


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--step", type=int, default=10_000)
    parser.add_argument("--models", action="store_true", help="the real enrichers: slower by far")
    parser.add_argument("--brands", type=int, default=1, help="spread the posts over so many brands")
    options = parser.parse_args()
    print(f"{corpus.texts()[0]}; six stages, embedded broker, SQLite, {'' if options.models else 'no '}models")
    print(f"{'posts':>9}{'resident MiB':>14}{'children MiB':>14}{'posts/s':>9}", flush=True)
    done = 0

    def show(row: Measured) -> None:
        nonlocal done
        done += row.posts
        print(f"{done:>9}{row.resident_mib:>14.0f}{row.children_mib:>14.0f}{row.rate:>9.0f}", flush=True)

    steps = max(1, options.posts // options.step)
    worker(
        "memory", None, STAGES, options.step, models=options.models, steps=steps, on_step=show, brands=options.brands
    )


if __name__ == "__main__":
    main()
