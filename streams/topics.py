"""The Kafka topics: their names, and how each is made."""

from __future__ import annotations

from dataclasses import dataclass

from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of all topics; `raw` maps a channel to its topic, `alert_routes` what an alert is about to another."""

    raw: dict[str, str]
    enriched: str
    signals: str
    learn: str
    topics: str
    alerts: str
    alert_state: str
    alert_commands: str
    alert_routes: dict[str, str]
    cases: str
    case_commands: str
    case_answers: str
    case_waiting: str
    corrections: str
    link_state: str
    link_commands: str
    dead_letters: str
    erasures: str


def topics_of(settings: Settings) -> Topics:
    """The topic names under the settings' prefix."""
    prefix = settings.topic_prefix
    return Topics(
        raw={channel: f"{prefix}.raw.{name}" for channel, name in settings.channels.items()},
        enriched=f"{prefix}.enriched",
        signals=f"{prefix}.signals",
        learn=f"{prefix}.learn",
        topics=f"{prefix}.topics",
        alerts=f"{prefix}.alerts.negative-spike",
        alert_state=f"{prefix}.alerts.state",
        alert_commands=f"{prefix}.alerts.commands",
        alert_routes=dict(settings.alerts_routes),
        cases=f"{prefix}.cases",
        case_commands=f"{prefix}.cases.commands",
        case_answers=f"{prefix}.cases.answers",
        case_waiting=f"{prefix}.cases.waiting",
        corrections=f"{prefix}.corrections",
        link_state=f"{prefix}.links.state",
        link_commands=f"{prefix}.links.commands",
        dead_letters=f"{prefix}.dead-letters",
        erasures=f"{prefix}.erasures",
    )


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """How a topic is made where it is missing."""

    name: str
    partitions: int
    config: dict[str, str]


_COMPACT = {"cleanup.policy": "compact"}
_LARGE = {"max.message.bytes": str(8 * 1024 * 1024)}


def plan(topics: Topics, *, partitions: int) -> list[TopicPlan]:
    """All topics. Raw ones stamp their own time (versions rely on it); state is compacted; the rest is kept a week.

    Raw topics are compacted too, a week after arrival at the earliest and two at the latest: that is when a post that
    was erased is gone from the disk. It asks for keys, one per post, which `docs/clients.md` tells producers.
    """
    day = 24 * 3600 * 1000
    raw = {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "compact,delete",
        "min.compaction.lag.ms": str(7 * day),
        "max.compaction.lag.ms": str(14 * day),
        "retention.ms": str(90 * day),
    }
    # a record leaves with its segment: a day's at most
    week = {"retention.ms": str(7 * day), "segment.ms": str(day)}
    return [
        *(TopicPlan(name, partitions, raw) for name in topics.raw.values()),
        TopicPlan(topics.enriched, partitions, week | _LARGE),
        TopicPlan(topics.signals, partitions, week),
        TopicPlan(topics.case_commands, partitions, week),
        TopicPlan(topics.link_commands, partitions, week),
        TopicPlan(topics.link_state, partitions, _COMPACT),
        TopicPlan(topics.learn, 1, week | _LARGE),
        TopicPlan(topics.topics, 1, _COMPACT),
        TopicPlan(topics.alerts, partitions, week),
        TopicPlan(topics.alert_state, partitions, _COMPACT | _LARGE),
        TopicPlan(topics.alert_commands, partitions, week),
        *(TopicPlan(name, partitions, week) for name in dict.fromkeys(topics.alert_routes.values())),
        TopicPlan(topics.cases, partitions, _COMPACT | _LARGE),
        TopicPlan(topics.case_answers, partitions, week),
        TopicPlan(topics.case_waiting, partitions, _COMPACT),
        TopicPlan(topics.corrections, partitions, _COMPACT),
        TopicPlan(topics.erasures, 1, _COMPACT),
        TopicPlan(topics.dead_letters, partitions, {"retention.ms": str(30 * day), "segment.ms": str(day)}),
    ]
