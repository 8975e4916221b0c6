"""What the pipeline costs beside its models, in one run: enrichers alone, the chain, workers, a bare loop; and ratios.

    python -m benchmarks speed [--posts 1500] [--rounds 1] [--no-broker] [--json FILE]

Each piece runs in a process of its own, over the same posts, after a warm-up, and with empty caches. `all stages`: six
stages in one process, SQLite. The real broker is started and stopped here; where that is not possible, its rows are
left out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import corpus
import msgspec
import servers
from measured import Measured
from speed_calls import alone, called, models
from speed_flows import bare, worker

from streams.settings import load_settings
from streams.wiring import STAGES

BATCH = 256
IDEAL = "sum of the models alone, ideal order"
CHAIN = f"chain by function call, batches of {BATCH}"


class Ratio(msgspec.Struct):
    """How near the first comes to the second. `by_cpu`: in processor time, which other programs disturb less."""

    what: str
    of: str
    value: float
    by_cpu: float
    aim: float | None = None


def jobs(count: int, address: str | None) -> list[Callable[[], list[Measured]]]:
    """Every piece of work, in the order of the table."""
    settings = load_settings(environ={"VOCERO_STATE_DIR": tempfile.gettempdir()})
    made: list[Callable[[], list[Measured]]] = [
        partial(alone, settings, count, 64),
        partial(models, settings, count),
        partial(called, settings, count // 4, 1),
        partial(called, settings, count, 64),
        partial(called, settings, count, BATCH),
    ]
    for where, at in (("embedded broker", None), ("real broker", address)):
        if where == "embedded broker" or at is not None:
            made += [
                partial(worker, f"enrich, {where}", at, ["enrich"], count, models=True),
                partial(worker, f"all stages, {where}", at, STAGES, count, models=True),
                partial(bare, f"bare loop, {where}", at, count, BATCH),
                partial(worker, f"enrich without models, {where}", at, ["enrich"], count, models=False),
                partial(worker, f"all stages without models, {where}", at, STAGES, count, models=False),
            ]
    return made


def apart(job: Callable[[], list[Measured]]) -> list[Measured]:
    """The job in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(job).result()


def ratios(rows: dict[str, Measured]) -> list[Ratio]:
    """The ratios that the project aims at, as far as their sides were measured."""
    wanted: list[tuple[str, str, float | None]] = [(CHAIN, IDEAL, 0.95)]
    for where in ("embedded broker", "real broker"):
        wanted += [
            (f"enrich, {where}", CHAIN, 0.95),
            (f"all stages, {where}", CHAIN, 0.85),
            (f"all stages, {where}", f"bare loop, {where}", None),
        ]
    return [
        Ratio(
            what=what,
            of=of,
            value=rows[what].rate / rows[of].rate,
            by_cpu=rows[of].cpu_ms / rows[what].cpu_ms,
            aim=aim,
        )
        for what, of, aim in wanted
        if what in rows and of in rows
    ]


def median(rows: list[Measured]) -> Measured:
    """The round in the middle, by time."""
    return sorted(rows, key=lambda one: one.seconds)[len(rows) // 2]


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=1, help="all of it so often; the tables hold medians")
    parser.add_argument("--no-broker", action="store_true", help="the embedded broker only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    print(f"{options.posts} posts: {corpus.texts()[0]}; batches of 64 where a row says nothing else", flush=True)
    print(f"{'what':<46}{'posts/s':>9}{'ms':>8}{'CPU ms':>8}{'MiB':>7}{'children MiB':>14}")
    found: dict[str, list[Measured]] = {}
    with nullcontext() if options.no_broker else servers.kafka() as address:
        for turn in range(options.rounds):
            for job in jobs(options.posts, address):
                for row in apart(job):
                    found.setdefault(row.what, []).append(row)
                    if turn == options.rounds - 1:
                        show(median(found[row.what]))
    rows = {what: median(measured) for what, measured in found.items()}
    compared = ratios(rows)
    print(f"\n{'ratio of posts/s':<80}{'':>2}{'clock':>8}{'CPU':>8}{'aim':>7}")
    for one in compared:
        print(f"{one.what + ' / ' + one.of:<82}{one.value:>8.2f}{one.by_cpu:>8.2f}{one.aim or '':>7}")
    if options.json:
        options.json.write_bytes(
            msgspec.json.format(msgspec.json.encode({"rows": list(rows.values()), "ratios": compared}))
        )


def show(row: Measured) -> None:
    """One line of the table."""
    print(
        f"{row.what:<46}{row.rate:>9.0f}{1000 / row.rate:>8.2f}{row.cpu_ms:>8.2f}{row.resident_mib:>7.0f}"
        f"{row.children_mib:>14.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
