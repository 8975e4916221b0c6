"""Simulated posts through the stage: null replays, bursts of known size (after Noufaily et al. 2013), single cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.alerts import Alert
from schemas.signals import Signal
from streams.spikes.baseline import HOUR_MS, Rule
from streams.spikes.watch import BrandState, observe

START = 480_000 // 168 * 168
"""Hours since 1970."""
RATES = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Negatives a day."""
DISPERSIONS = (1.0, 1.5, 3.0, 5.0)
"""Variance to mean of an hour's count."""
NEGATIVE = 0.35
REPLICATES = 20


@dataclass(frozen=True, slots=True)
class Posts:
    """Hours since the start, in order, and which posts are negative."""

    hours: np.ndarray
    negative: np.ndarray


def ordinary(generator: np.random.Generator, rate: float, dispersion: float, weeks: int) -> np.ndarray:
    """Times of negative-binomial hourly counts with a rhythm of days and weeks, as in Noufaily's simulations."""
    hour = np.arange(weeks * 168)
    mean = rate / 24 * (1 + 0.7 * np.cos(2 * np.pi * (hour - 14) / 24)) * (1 + 0.3 * np.cos(2 * np.pi * hour / 168))
    if dispersion > 1.0:
        mean = generator.gamma(mean / (dispersion - 1.0), dispersion - 1.0)
    counts = generator.poisson(mean)
    return np.sort(np.repeat(hour, counts) + generator.random(counts.sum()))


def with_praise(generator: np.random.Generator, negatives: np.ndarray, weeks: int) -> Posts:
    """The negatives among so many others that they are about a third."""
    others = generator.random(generator.poisson(len(negatives) * (1 - NEGATIVE) / NEGATIVE)) * weeks * 168
    hours = np.concatenate([negatives, others])
    order = np.argsort(hours, kind="stable")
    return Posts(hours[order], (np.arange(len(hours)) < len(negatives))[order])


def replay(
    posts: Posts, *, places: Sequence[int] | None = None, silent_until: float = 0.0, rule: Rule = Rule()
) -> list[Alert]:
    """Every alert that the stage's function tells of one brand."""
    state = BrandState()
    told: list[Alert] = []
    for number, (hour, negative) in enumerate(zip(posts.hours.tolist(), posts.negative.tolist(), strict=True)):
        signal = Signal(
            identity=f"{number:016x}",
            version=1,
            brand="brand",
            event_time=int((START + hour) * HOUR_MS),
            channel="review",
            source="shop",
            post_id=str(number),
            sentiment="negative" if negative else "positive",
            severity=0.3,
            place=None if places is None else f"place{places[number]}",
        )
        told.extend(observe(state, signal, offset=number, rule=rule, silent=hour < silent_until))
    return told


def incidents(alerts: Sequence[Alert]) -> int:
    """Distinct causes, as people see them."""
    return len({alert.incident for alert in alerts})


def null_table(series: int, weeks: int, seed: int) -> Iterator[str]:
    """False incidents where nothing happens: every series a brand of its own, and many places of a few brands."""
    generator = np.random.default_rng(seed)
    watched = series * (weeks - Rule().warm_ms / HOUR_MS / 168)
    false: Counter[tuple[float, float]] = Counter()
    for _ in range(series):
        rate, dispersion = float(generator.choice(RATES)), float(generator.choice(DISPERSIONS))
        found = replay(with_praise(generator, ordinary(generator, rate, dispersion, weeks), weeks))
        false[rate, dispersion] += incidents(found)
    total = sum(false.values())
    yield (
        f"{series} brands, {weeks} weeks: {total} false incidents in {watched:.0f} series-weeks, "
        f"{1000 * total / watched:.2f} a week over 1,000 series"
    )
    if total:
        yield "by negatives a day and dispersion: " + ", ".join(f"{k}: {n}" for k, n in sorted(false.items()) if n)
    brands = max(1, series // 200)
    total = 0
    for _ in range(brands):
        negatives = ordinary(generator, 100.0, 1.5, weeks)
        posts = with_praise(generator, negatives, weeks)
        places = (200 * generator.random(len(posts.hours)) ** 2).astype(int).tolist()
        total += incidents(replay(posts, places=places))
    yield (
        f"{brands} brands of 200 places, {weeks} weeks: {total} false incidents, "
        f"{1000 * total / (watched / series * brands * 200):.2f} a week over 1,000 series"
    )


def power_table(seed: int) -> Iterator[str]:
    """How many bursts are found and when, by volume and dispersion; their size is in deviations of a day's count."""
    generator = np.random.default_rng(seed)
    weeks, onset = 5, 4 * 168 + 33.0
    yield f"bursts over half a day after four weeks, {REPLICATES} each: share found, median hours and posts until told"
    yield f"{'a day':>8s}{'dispersion':>12s}" + "".join(f"{f'{size} deviations':>30s}" for size in (4, 8, 16))
    for rate in RATES:
        for dispersion in DISPERSIONS[:3]:
            cells = []
            for size in (4, 8, 16):
                found = [_burst(generator, rate, dispersion, weeks, onset, size) for _ in range(REPLICATES)]
                seen = [one for one in found if one is not None]
                middle = np.median(np.array(seen), axis=0) if seen else (np.nan, np.nan)
                cells.append(f"{len(seen) / len(found):.0%}, {middle[0]:.1f} h, {middle[1]:.0f} posts".rjust(30))
            yield f"{rate:8g}{dispersion:12g}" + "".join(cells)


def _burst(
    generator: np.random.Generator, rate: float, dispersion: float, weeks: int, onset: float, size: int
) -> tuple[float, int] | None:
    """Hours and posts of the burst until the first alert; None where it was missed."""
    extra = max(1, round(size * float(np.sqrt(rate * dispersion))))
    # log-normal in time, as outbreaks are: quick to rise, slow to fade
    times = onset + np.minimum(generator.lognormal(1.3, 0.7, extra), 48.0)
    negatives = np.sort(np.concatenate([ordinary(generator, rate, dispersion, weeks), times]))
    for alert in replay(with_praise(generator, negatives, weeks)):
        hour = (np.datetime64(alert.at[:-1]) - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(1, "h") - START
        if alert.state == "started" and onset <= hour <= onset + 72:
            return float(hour - onset), int((times <= hour).sum())
    return None


def cases_table(seed: int) -> Iterator[str]:
    """Stories with a known end."""
    generator = np.random.default_rng(seed)
    weeks, onset = 6, 5 * 168.0

    def told(posts: Posts, *, silent_until: float = 0.0) -> str:
        alerts = replay(posts, silent_until=silent_until)
        first = next((f", first by {a.measure} after {_since(a, onset):.1f} h" for a in alerts), "")
        return f"{incidents(alerts)} incidents{first}"

    base = with_praise(generator, ordinary(generator, 40.0, 1.5, weeks), weeks)
    yield f"{'nothing happens':62s}{told(base)}"
    flip = (base.hours >= onset) & ~base.negative & (generator.random(len(base.hours)) < NEGATIVE / (1 - NEGATIVE))
    yield f"{'volume flat, share of negatives doubled (an alert)':62s}{told(Posts(base.hours, base.negative | flip))}"
    praise = np.sort(onset + 12 * generator.random(400))
    yield f"{'400 posts of praise in twelve hours (none)':62s}{told(_added(base, praise, negative=False))}"
    burst = np.sort(onset + 12 * generator.random(120))
    yield f"{'120 negatives in twelve hours (an alert)':62s}{told(_added(base, burst, negative=True))}"
    history = told(_added(base, burst, negative=True), silent_until=weeks * 168.0)
    yield f"{'the same as history, in one go (none)':62s}{history}"
    both = np.sort(onset + 24 * generator.random(110))
    livelier = _added(base, both, negative=False)
    mixed = generator.random(len(livelier.hours)) < NEGATIVE
    added = (livelier.hours >= onset) & (livelier.hours < onset + 24)
    yield (
        f"{'a day of twice the volume, share as ever (either is right)':62s}"
        f"{told(Posts(livelier.hours, np.where(added, mixed, livelier.negative)))}"
    )


def _added(base: Posts, times: np.ndarray, *, negative: bool) -> Posts:
    hours = np.concatenate([base.hours, times])
    order = np.argsort(hours, kind="stable")
    return Posts(hours[order], np.concatenate([base.negative, np.full(len(times), negative)])[order])


def _since(alert: Alert, onset: float) -> float:
    moment = np.datetime64(alert.at[:-1]) - np.datetime64("1970-01-01T00:00:00")
    return float(moment / np.timedelta64(1, "h")) - START - onset
