"""Ratings by source, each against what the same products get elsewhere: a page that hides negatives stands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.raw import Rating
from streams.report.model import SourceRatings

LEAST = 8
"""Compared ratings below which nothing is said to stand out."""
DIFFERENCE = 0.5
DEVIATIONS = 2.5


@dataclass(slots=True)
class Stars:
    """Ratings of one product in one source, on a scale of 5."""

    counts: list[int] = field(default_factory=lambda: [0] * 5)
    total: float = 0.0
    squares: float = 0.0

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.counts)

    def add(self, value: float) -> None:
        """One rating between 0 and 5."""
        self.counts[min(5, max(1, round(value))) - 1] += 1
        self.total += value
        self.squares += value * value

    def merge(self, other: Stars) -> None:
        """Takes in another's ratings."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.total += other.total
        self.squares += other.squares


def on_five(rating: Rating) -> float | None:
    """The rating on a scale of 5; None where it is none (`best` not positive, value outside the scale)."""
    if not (rating.best > 0 and 0 <= rating.value <= rating.best):  # NaN fails both
        return None
    return 5 * rating.value / rating.best


def by_source(cells: Mapping[tuple[str, str | None], Stars]) -> tuple[SourceRatings, ...]:
    """From (source, product) to ratings, the source with most ratings first.

    `elsewhere` weighs each product as the source does. A source stands out where its mean on the compared products is
    at least half a star higher, and the difference at least 2.5 standard errors (Welch's, on the pooled ratings).
    """
    products: dict[str, Stars] = {}
    sources: dict[str, dict[str | None, Stars]] = {}
    for (source, product), stars in cells.items():
        sources.setdefault(source, {})[product] = stars
        if product is not None:
            products.setdefault(product, Stars()).merge(stars)
    lines = [_line(source, own, products) for source, own in sources.items()]
    return tuple(sorted(lines, key=lambda line: (-line.count, line.source)))


def _line(source: str, own: Mapping[str | None, Stars], products: Mapping[str, Stars]) -> SourceRatings:
    everything, compared, others = Stars(), Stars(), Stars()
    expected = 0.0
    for product, stars in own.items():
        everything.merge(stars)
        if product is None:
            continue
        count = products[product].count - stars.count
        if not count:
            continue
        total = products[product].total - stars.total
        compared.merge(stars)
        others.counts = [
            n + a - b for n, a, b in zip(others.counts, products[product].counts, stars.counts, strict=True)
        ]
        others.total += total
        others.squares += products[product].squares - stars.squares
        expected += stars.count * total / count
    elsewhere = expected / compared.count if compared.count else None
    c = everything.counts
    return SourceRatings(
        source=source,
        count=everything.count,
        mean=everything.total / everything.count,
        stars=(c[0], c[1], c[2], c[3], c[4]),
        elsewhere=elsewhere,
        compared=compared.count,
        stands_out=elsewhere is not None and _stands_out(compared, others, elsewhere),
    )


def _stands_out(own: Stars, others: Stars, elsewhere: float) -> bool:
    if own.count < LEAST or others.count < LEAST:
        return False
    difference = own.total / own.count - elsewhere
    error = (_variance(own) / own.count + _variance(others) / others.count) ** 0.5
    return difference >= DIFFERENCE and difference >= DEVIATIONS * error


def _variance(stars: Stars) -> float:
    mean = stars.total / stars.count
    # rounding must not make it negative
    return max(0.0, (stars.squares - stars.count * mean * mean) / (stars.count - 1))
