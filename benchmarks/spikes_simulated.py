"""Simulated posts through the stage's own function: ordinary weeks (after Noufaily et al. 2013), and single stories."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Posts:
    """Hours since the start, in order, and which posts are negative."""

    hours: np.ndarray
    negative: np.ndarray

    def between(self, first: float, last: float) -> Posts:
        """The posts of these hours."""
        held = (self.hours >= first) & (self.hours < last)
        return Posts(self.hours[held], self.negative[held])


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
    return added(Posts(negatives, np.full(len(negatives), True)), others, negative=False)


def added(base: Posts, times: np.ndarray, *, negative: bool) -> Posts:
    """The posts and others at these hours, in order."""
    hours = np.concatenate([base.hours, times])
    order = np.argsort(hours, kind="stable")
    return Posts(hours[order], np.concatenate([base.negative, np.full(len(times), negative)])[order])


def replay(
    posts: Posts,
    *,
    state: BrandState | None = None,
    places: Sequence[int] | None = None,
    silent_until: float = 0.0,
    rule: Rule = Rule(),
) -> list[Alert]:
    """Every alert that the stage's function tells of one brand; `state` goes on from earlier posts, and is changed.

    Without `places` the brand has one series, which is judged at the laxest of lines.
    """
    state = BrandState() if state is None else state
    told: list[Alert] = []
    first = state.applied + 1
    for number, (hour, negative) in enumerate(zip(posts.hours.tolist(), posts.negative.tolist(), strict=True)):
        signal = Signal(
            identity=f"{first + number:016x}",
            version=1,
            brand="brand",
            event_time=int((START + hour) * HOUR_MS),
            channel="",
            language="",
            source="shop",
            post_id=str(number),
            sentiment="negative" if negative else "positive",
            severity=0.3,
            place=None if places is None else f"place{places[number]}",
        )
        told.extend(observe(state, signal, offset=first + number, rule=rule, silent=hour < silent_until))
    return told


def incidents(alerts: Sequence[Alert]) -> int:
    """Distinct causes, as people see them."""
    return len({alert.incident for alert in alerts})


def hour_of(alert: Alert) -> float:
    """Hours since the start at which an alert was told."""
    moment = np.datetime64(alert.at[:-1]) - np.datetime64("1970-01-01T00:00:00")
    return float(moment / np.timedelta64(1, "h")) - START


def cases_table(seed: int) -> Iterator[str]:
    """Stories with a known end."""
    generator = np.random.default_rng(seed)
    weeks, onset = 6, 5 * 168.0

    def told(posts: Posts, *, silent_until: float = 0.0) -> str:
        alerts = replay(posts, silent_until=silent_until)
        first = next((f", first by {a.measure} after {hour_of(a) - onset:.1f} h" for a in alerts), "")
        return f"{incidents(alerts)} incidents{first}"

    base = with_praise(generator, ordinary(generator, 40.0, 1.5, weeks), weeks)
    yield f"{'nothing happens':62s}{told(base)}"
    flip = (base.hours >= onset) & ~base.negative & (generator.random(len(base.hours)) < NEGATIVE / (1 - NEGATIVE))
    yield f"{'volume flat, share of negatives doubled (an alert)':62s}{told(Posts(base.hours, base.negative | flip))}"
    praise = np.sort(onset + 12 * generator.random(400))
    yield f"{'400 posts of praise in twelve hours (none)':62s}{told(added(base, praise, negative=False))}"
    burst = np.sort(onset + 12 * generator.random(120))
    yield f"{'120 negatives in twelve hours (an alert)':62s}{told(added(base, burst, negative=True))}"
    history = told(added(base, burst, negative=True), silent_until=weeks * 168.0)
    yield f"{'the same as history, in one go (none)':62s}{history}"
    both = np.sort(onset + 24 * generator.random(110))
    livelier = added(base, both, negative=False)
    mixed = generator.random(len(livelier.hours)) < NEGATIVE
    day = (livelier.hours >= onset) & (livelier.hours < onset + 24)
    yield (
        f"{'a day of twice the volume, share as ever (either is right)':62s}"
        f"{told(Posts(livelier.hours, np.where(day, mixed, livelier.negative)))}"
    )
