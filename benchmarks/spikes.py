"""Quality of spike detection: labelled bursts of tweets, a simulator, null replays and single cases, in one table.

    python benchmarks/spikes.py [--data FOLDER] [--series 1000] [--weeks 8] [--seed 1]

`--data` holds the Numenta Anomaly Benchmark's tweet counts with `windows.json`; without it that part is left out.
`--series 100` gives a table in a few minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

from benchmarks.spikes_nab import nab_table
from benchmarks.spikes_simulated import cases_table, null_table, power_table


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).parents[1].parent / "shared" / "data" / "nab_tweets"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name, rows in (
        ("tweets", lambda: nab_table(chosen.data)),
        ("cases", lambda: cases_table(chosen.seed)),
        ("bursts in a simulator", lambda: power_table(chosen.seed)),
        ("null replays", lambda: null_table(chosen.series, chosen.weeks, chosen.seed)),
    ):
        started = time.perf_counter()
        print(f"\n{name}")
        for row in rows():
            print("  " + row, flush=True)
        print(f"  ({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()
