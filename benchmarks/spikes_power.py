"""False alarms where nothing happens, and bursts of known size: found or not, and when. Spread over the cores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.spikes_simulated import (
    DISPERSIONS,
    RATES,
    Posts,
    added,
    hour_of,
    incidents,
    ordinary,
    replay,
    with_praise,
)
from streams.spikes.baseline import HOUR_MS, Rule
from streams.spikes.watch import BrandState
from streams.stages.alert import pack, unpack

SIZES = (4, 8, 16)
"""Posts of a burst, in deviations of a day's count."""
TRAINED = 4
"""Weeks before a burst."""
ONSET = TRAINED * 168 + 33.0
SEEN = 72.0
"""Hours after its onset in which a burst may be found."""
PLACES = 200


class Null(NamedTuple):
    """One ordinary series: what it was, and its false incidents."""

    rate: float
    dispersion: float
    false: int


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst: hours and posts until the first alert, or None where it was missed; and what was told before it."""

    size: int
    found: tuple[float, int] | None


def null_series(job: tuple[int, int, Rule]) -> Null:
    """An ordinary series by its seed."""
    seed, weeks, rule = job
    generator = np.random.default_rng(seed)
    rate, dispersion = float(generator.choice(RATES)), float(generator.choice(DISPERSIONS))
    posts = with_praise(generator, ordinary(generator, rate, dispersion, weeks), weeks)
    return Null(rate, dispersion, incidents(replay(posts, rule=rule)))


def null_brand(job: tuple[int, int, Rule]) -> int:
    """False incidents of an ordinary brand with many places, most of them quiet."""
    seed, weeks, rule = job
    generator = np.random.default_rng(seed)
    posts = with_praise(generator, ordinary(generator, 100.0, 1.5, weeks), weeks)
    places = (PLACES * generator.random(len(posts.hours)) ** 2).astype(int).tolist()
    return incidents(replay(posts, places=places, rule=rule))


def null_table(pool: Executor, series: int, weeks: int, seed: int, rule: Rule = Rule()) -> Iterator[str]:
    """False incidents where nothing happens: every series a brand of its own, and many places of a few brands."""
    watched = weeks - rule.warm_ms / HOUR_MS / 168
    jobs = [(seed * 1_000_000 + number, weeks, rule) for number in range(series)]
    found = list(pool.map(null_series, jobs, chunksize=4))
    total = sum(one.false for one in found)
    yield (
        f"{series} brands of one series, {weeks} weeks: {total} false incidents in {series * watched:.0f} "
        f"series-weeks, {1000 * total / (series * watched):.2f} a week over 1,000 series"
    )
    false: Counter[tuple[float, float]] = Counter()
    held: Counter[tuple[float, float]] = Counter()
    for one in found:
        false[one.rate, one.dispersion] += one.false
        held[one.rate, one.dispersion] += 1
    yield "false incidents per 1,000 series-weeks, by negatives a day (down) and dispersion (across)"
    yield f"{'':>8s}" + "".join(f"{dispersion:>10g}" for dispersion in DISPERSIONS)
    for rate in RATES:
        cells = (1000 * false[rate, one] / (watched * max(1, held[rate, one])) for one in DISPERSIONS)
        yield f"{rate:8g}" + "".join(f"{cell:>10.2f}" for cell in cells)
    brands = max(1, series // PLACES)
    total = sum(pool.map(null_brand, [(seed * 1_000_000 + 900_000 + n, weeks, rule) for n in range(brands)]))
    yield (
        f"{brands} brands of {PLACES} places, {weeks} weeks: {total} false incidents, "
        f"{1000 * total / (watched * brands * PLACES):.2f} a week over 1,000 series"
    )


def bursts(job: tuple[int, float, float, Rule]) -> list[Burst]:
    """One series' weeks, and a burst of each size after them."""
    seed, rate, dispersion, rule = job
    generator = np.random.default_rng(seed)
    weeks = TRAINED + 1
    base = with_praise(generator, ordinary(generator, rate, dispersion, weeks), weeks)
    state = BrandState()
    replay(base.between(0.0, ONSET), state=state, rule=rule)
    trained = pack(state)
    found = []
    for size in SIZES:
        extra = max(1, round(size * float(np.sqrt(rate * dispersion))))
        # log-normal in time, as outbreaks are: quick to rise, slow to fade
        times = np.sort(ONSET + np.minimum(generator.lognormal(1.3, 0.7, extra), 48.0))
        found.append(Burst(size, _first(base, times, unpack(trained), rule)))
    return found


def _first(base: Posts, times: np.ndarray, state: BrandState | None, rule: Rule) -> tuple[float, int] | None:
    assert state is not None
    after = added(base.between(ONSET, ONSET + SEEN), times, negative=True)
    started = (hour_of(one) for one in replay(after, state=state, rule=rule) if one.state == "started")
    hour = next(started, None)
    return None if hour is None else (hour - ONSET, int((times <= hour + 1e-6).sum()))


def power_table(pool: Executor, replicates: int, seed: int, rule: Rule = Rule()) -> Iterator[str]:
    """How many bursts are found and when, by volume and dispersion; their size is in deviations of a day's count."""
    yield (
        f"bursts over half a day after {TRAINED} weeks, {replicates} each: share found, median hours and posts of the "
        "burst until told"
    )
    yield f"{'a day':>8s}{'dispersion':>12s}" + "".join(f"{f'{size} deviations':>28s}" for size in SIZES)
    kinds = [(rate, dispersion) for rate in RATES for dispersion in DISPERSIONS[:3]]
    jobs = [
        (seed * 1_000_000 + 1000 * kind + n, rate, dispersion, rule)
        for kind, (rate, dispersion) in enumerate(kinds)
        for n in range(replicates)
    ]
    results = list(pool.map(bursts, jobs, chunksize=2))
    for kind, (rate, dispersion) in enumerate(kinds):
        own = results[kind * replicates : (kind + 1) * replicates]
        cells = []
        for place in range(len(SIZES)):
            seen = [one[place].found for one in own if one[place].found is not None]
            middle = np.median(np.array(seen), axis=0) if seen else (np.nan, np.nan)
            cells.append(f"{len(seen) / len(own):.0%}, {middle[0]:.1f} h, {middle[1]:.0f} posts".rjust(28))
        yield f"{rate:8g}{dispersion:12g}" + "".join(cells)
