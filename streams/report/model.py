"""The summary of a store: plain frozen values, of bounded size, that any view can show and JSON can hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Feelings:
    """Counts of customers' posts by what was found; `unscored` is apart, never neutral."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unscored: int = 0

    @property
    def total(self) -> int:
        """All posts, unscored ones included."""
        return self.negative + self.neutral + self.positive + self.unscored

    @property
    def scored(self) -> int:
        """Posts with a label."""
        return self.total - self.unscored


@dataclass(frozen=True, slots=True)
class Voice:
    """One post as people see it. `text` and `translation` are beginnings where `cut`; `url` is http(s) or None."""

    identity: str
    at: str
    channel: str
    source: str
    language: str
    text: str
    cut: bool = False
    title: str | None = None
    translation: str | None = None
    translation_status: str | None = None
    author: str | None = None
    followers: int | None = None
    brand: str | None = None
    product: str | None = None
    place: str | None = None
    url: str | None = None
    sentiment: str | None = None
    severity: float | None = None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """Customers' posts of one day, UTC."""

    date: date
    feelings: Feelings


@dataclass(frozen=True, slots=True)
class Group:
    """Posts that share a channel or a language. `posts` counts the company's own too, `feelings` only customers'."""

    name: str
    posts: int
    feelings: Feelings
    unsupported: int = 0
    partial: int = 0


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic: customers' posts that speak of it, in all and by day, and in the last 7 days against the 7 before."""

    id: str
    label: str
    posts: int
    negative: int
    last_week: int
    week_before: int
    days: tuple[tuple[date, int], ...]
    keywords: tuple[str, ...] = ()
    examples: tuple[Voice, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertLine:
    """A negative spike. `days` are the series' negatives as stored; `usual` is their mean on all days but the peak."""

    id: str
    brand: str
    dimension: str
    value: str
    state: str
    since: str
    at: str
    window_seconds: int
    observed: float
    expected: float
    score: float
    topics: tuple[str, ...]
    exemplars: tuple[tuple[str, str | None], ...]
    days: tuple[tuple[date, int], ...] = ()
    peak_day: date | None = None
    peak: int = 0
    usual: float = 0.0

    @property
    def what(self) -> str:
        """The series in words, less its brand."""
        return "all posts" if self.dimension == "overall" else f"{self.dimension} {self.value}"

    @property
    def standing_out(self) -> float:
        """How far the peak lies above the usual day, in its rough standard deviations (Poisson, plus one)."""
        return float((self.peak - self.usual) / (self.usual + 1.0) ** 0.5)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A complaint that is followed, and how it went."""

    id: str
    state: str
    brand: str
    channel: str
    opened_at: str
    updated_at: str
    severity: float
    author: str | None
    product: str | None
    place: str | None
    excerpt: str
    translation: str | None
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProductWishes:
    """Suggestions about one product; `product` None: none was named."""

    product: str | None
    posts: int
    examples: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class SourceRatings:
    """One source's ratings on a scale of 5. `elsewhere` is the mean of the same products' ratings in other sources.

    `stars` counts 1 to 5, rounded; `compared` is how many of the ratings have such a counterpart.
    """

    source: str
    count: int
    mean: float
    stars: tuple[int, int, int, int, int]
    elsewhere: float | None
    compared: int
    stands_out: bool

    @property
    def five_share(self) -> float:
        """Share of 5 stars."""
        return self.stars[4] / self.count

    @property
    def low_share(self) -> float:
        """Share of 1 and 2 stars."""
        return (self.stars[0] + self.stars[1]) / self.count


@dataclass(frozen=True, slots=True)
class FlagLine:
    """A doubt about authenticity, how often, in which sources, and some of the posts with their evidence."""

    name: str
    posts: int
    sources: tuple[tuple[str, int], ...]
    examples: tuple[tuple[str, Voice], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it. `unread` posts are stored but could not be read; `dead_letters` None: not known here."""

    posts: int
    unread: int
    company_posts: int
    first: str | None
    last: str | None
    feelings: Feelings
    days: tuple[Day, ...]
    channels: tuple[Group, ...]
    languages: tuple[Group, ...]
    topics: tuple[TopicLine, ...]
    topics_in_all: int
    emerging: int
    two_topics: int
    two_topic_examples: tuple[Voice, ...]
    complaints: tuple[Voice, ...]
    alerts: tuple[AlertLine, ...]
    alerts_in_all: int
    case_states: tuple[tuple[str, int], ...]
    recovered: tuple[CaseLine, ...]
    suggestions: int
    wishes: tuple[ProductWishes, ...]
    ratings: tuple[SourceRatings, ...]
    rating_disagrees: int
    flags: tuple[FlagLine, ...]
    redactions: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, int], ...]
    failed_posts: int
    dead_letters: int | None
