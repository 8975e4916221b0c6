"""Quality of spike detection: labelled bursts of tweets, a simulator, null replays and single cases, in one table.

    python benchmarks/spikes.py [--data FOLDER] [--series 400] [--weeks 8] [--seed 1] [--quick] [--only null,cases]

`--data` holds the Numenta Anomaly Benchmark's tweet counts with `windows.json`; without it that part is left out.
`--quick` tries a fifth of the series and bursts, for a first look after a change.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.spikes_nab import nab_table
from benchmarks.spikes_power import null_table, power_table
from benchmarks.spikes_simulated import cases_table


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).parents[1].parent / "shared" / "data" / "nab_tweets"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--series", type=int, default=400, help="Of the null replays.")
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--replicates", type=int, default=20, help="Bursts of each size, volume and dispersion.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="Some of the tables: nab, cases, power, null.")
    chosen = parser.parse_args()
    part = 5 if chosen.quick else 1
    series, replicates = max(1, chosen.series // part), max(1, chosen.replicates // part)
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with ProcessPoolExecutor() as pool:
        tables: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
            "nab": ("tweets", lambda: nab_table(pool, chosen.data)),
            "cases": ("cases", lambda: cases_table(chosen.seed)),
            "power": ("bursts in a simulator", lambda: power_table(pool, replicates, chosen.seed)),
            "null": ("null replays", lambda: null_table(pool, series, chosen.weeks, chosen.seed)),
        }
        for name in chosen.only.split(",") if chosen.only else tables:
            title, rows = tables[name]
            started = time.perf_counter()
            print(f"\n{title}")
            for row in rows():
                print("  " + row, flush=True)
            print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
