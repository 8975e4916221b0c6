"""Labelled bursts of tweets (Numenta Anomaly Benchmark): windows hit at a budget of false alarms, beside peers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from math import sqrt
from pathlib import Path

import numpy as np

from streams.spikes.history import ONE_SERIES, Count, alarms
from streams.spikes.tails import log10_tail

PROBATION = 750
"""Rows at a series' start that are not scored, as NAB has it."""
BUDGETS = (0.25, 1.0)
WEEK = 7 * 86_400_000
QUIET = 6 * 3_600_000
"""An alarm goes on for as long as no more than this lies between two crossings; the same for every detector."""

Lines = Mapping[float, Sequence[int]]
"""For each threshold that was tried, when alarms were raised (milliseconds)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One series with its labelled windows (milliseconds)."""

    times: np.ndarray
    values: np.ndarray
    windows: tuple[tuple[int, int], ...]

    @property
    def weeks(self) -> float:
        """Scored time."""
        return float(self.times[-1] - self.times[PROBATION]) / WEEK


def load(folder: Path) -> dict[str, Labelled]:
    """Every CSV file of the folder that has windows."""
    windows = json.loads((folder / "windows.json").read_text())
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            rows = [(_millis(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
        spans = tuple((_millis(one), _millis(other)) for one, other in windows[path.name])
        found[path.stem] = Labelled(np.array([t for t, _ in rows]), np.array([v for _, v in rows]), spans)
    return found


def _millis(text: str) -> int:
    return int(datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp() * 1000)


def nab_table(pool: Executor, folder: Path) -> Iterator[str]:
    """Rows of text: for each detector and budget, windows hit with the threshold chosen on the others, and on all."""
    if not (folder / "windows.json").exists():
        yield f"left out: {folder.name} is not there"
        return
    data = load(folder)
    total = sum(len(one.windows) for one in data.values())
    weeks = sum(one.weeks for one in data.values())
    yield f"{len(data)} series, {total} windows, {weeks:.1f} series-weeks; of thresholds within budget, the best"
    yield f"{'detector':28s}" + "".join(f"{f'at {budget}: leave-one-out, same data':>44s}" for budget in BUDGETS)
    for name, detector in DETECTORS.items():
        raised = dict(zip(data, pool.map(detector, data.values()), strict=True))
        cells = []
        for budget in BUDGETS:
            hits, false = _leave_one_out(data, raised, budget)
            own_hits, own_false = _score(data, raised, _threshold(data, raised, budget), list(data))
            cells.append(
                f"{hits}/{total}, {false / weeks:.2f} false a week; {own_hits}/{total}, {own_false / weeks:.2f}".rjust(
                    44
                )
            )
        yield f"{name:28s}" + "".join(cells)


def _leave_one_out(data: Mapping[str, Labelled], raised: Mapping[str, Lines], budget: float) -> tuple[int, int]:
    hits = false = 0
    for name in data:
        others = {other: one for other, one in data.items() if other != name}
        one_hits, one_false = _score(data, raised, _threshold(others, raised, budget), [name])
        hits, false = hits + one_hits, false + one_false
    return hits, false


def _threshold(data: Mapping[str, Labelled], raised: Mapping[str, Lines], budget: float) -> float:
    """The threshold that hits most windows of these series within the budget; of equals the highest."""
    allowed = budget * sum(one.weeks for one in data.values())
    thresholds = sorted(next(iter(raised.values())))
    scores = [(*_score(data, raised, threshold, list(data)), threshold) for threshold in thresholds]
    within = [(hits, threshold) for hits, false, threshold in scores if false <= allowed]
    return max(within)[1] if within else thresholds[-1]


def _score(
    data: Mapping[str, Labelled], raised: Mapping[str, Lines], threshold: float, names: list[str]
) -> tuple[int, int]:
    """Windows that hold an alarm, and alarms in no window."""
    hits = false = 0
    for name in names:
        one = data[name]
        scored = [at for at in raised[name][threshold] if at >= one.times[PROBATION]]
        hits += sum(any(start <= at <= end for at in scored) for start, end in one.windows)
        false += sum(not any(start <= at <= end for start, end in one.windows) for at in scored)
    return hits, false


def ours(one: Labelled) -> Lines:
    """The detection of `vocero backtest`, run again for each threshold."""
    counts = [Count(int(at), float(value)) for at, value in zip(one.times, one.values, strict=True)]
    return {
        threshold: [alarm.at for alarm in alarms(counts, replace(ONE_SERIES, start=threshold))]
        for threshold in np.round(np.arange(0.5, 1.6, 0.05), 2).tolist()
    }


def _crossings(one: Labelled, values: np.ndarray, thresholds: np.ndarray) -> Lines:
    found: dict[float, list[int]] = {}
    for threshold in thresholds.tolist():
        times = one.times[values >= threshold]
        gaps = np.diff(times, prepend=-QUIET - 1)
        found[threshold] = times[gaps > QUIET].tolist()
    return found


def ewma_z(one: Labelled) -> Lines:
    """(value - mean) / deviation, both exponentially weighted over some eight hours."""
    mean, variance = float(one.values[0]), 1.0
    scores = np.zeros(len(one.values))
    for index, value in enumerate(one.values.tolist()):
        scores[index] = (value - mean) / sqrt(variance + 1.0)
        delta = value - mean
        mean += 0.01 * delta
        variance = 0.99 * (variance + 0.01 * delta * delta)
    return _crossings(one, scores, np.geomspace(2.0, 100.0, 60))


def _hours(one: Labelled) -> tuple[np.ndarray, list[np.ndarray]]:
    """For every row the count of the hour that ends with it, and the counts of the same hours of earlier days."""
    running = np.concatenate([[0.0], np.cumsum(one.values)])
    index = np.arange(len(one.values)) + 1
    hour = running[index] - running[np.maximum(0, index - 12)]
    past = []
    for days in range(1, 29):
        for shift in (-12, 0, 12):
            lag = 288 * days + shift
            row = np.full(len(hour), np.nan)
            row[lag + 12 :] = hour[12 : len(hour) - lag]
            past.append(row)
    return hour, past


def _tails(one: Labelled, *, overdispersed: bool) -> Lines:
    """-log10 of the tail of the last hour, around the mean of the same hours of the last four weeks."""
    hour, past = _hours(one)
    stacked = np.array(past)
    known = np.isfinite(stacked).sum(axis=0)
    filled = np.nan_to_num(stacked)
    mean = filled.sum(axis=0) / np.maximum(known, 1)
    spread = np.where(np.isfinite(stacked), stacked - mean, 0.0)
    variance = (spread**2).sum(axis=0) / np.maximum(known - 1, 1)
    scores = np.zeros(len(hour))
    for index in np.flatnonzero((known >= 6) & (hour > mean)).tolist():
        width = max(float(variance[index]), float(mean[index])) if overdispersed else float(mean[index])
        scores[index] = -log10_tail(float(hour[index]), float(mean[index]), width)
    return _crossings(one, scores, np.geomspace(1.0, 299.0, 60))


DETECTORS: dict[str, Callable[[Labelled], Lines]] = {
    "vocero backtest": ours,
    "EWMA-z": ewma_z,
    "Poisson": partial(_tails, overdispersed=False),
    "seasonal negative binomial": partial(_tails, overdispersed=True),
}
