"""The least privileges of each part of vocero on Kafka and Elasticsearch: one table for people, tests and scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sinks.base import KINDS, Kind
from streams.settings import Settings
from streams.topics import topics_of

STATE_GROUP = "vocero-state"
"""Of consumers that read state: they join no group, but have to name one."""


@dataclass(frozen=True, slots=True)
class Acl:
    """Operations that a principal is allowed on a Kafka topic or consumer group; `prefixed`: on all so beginning."""

    resource: str
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


@dataclass(frozen=True, slots=True)
class Indices:
    """Elasticsearch index privileges on patterns of names."""

    names: tuple[str, ...]
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What one part needs: nothing more is asked for, and with less it says what is missing."""

    name: str
    purpose: str
    kafka: tuple[Acl, ...] = ()
    cluster: tuple[str, ...] = ()
    indices: tuple[Indices, ...] = ()
    kibana: tuple[str, ...] = field(default=())

    def descriptor(self) -> dict[str, Any]:
        """The Elasticsearch part as its API takes it, for an API key or a role."""
        found: dict[str, Any] = {
            "cluster": list(self.cluster),
            "indices": [{"names": list(one.names), "privileges": list(one.privileges)} for one in self.indices],
        }
        if self.kibana:
            kibana = {"application": "kibana-.kibana", "privileges": list(self.kibana), "resources": ["space:default"]}
            found["applications"] = [kibana]
        return found


def roles(settings: Settings) -> dict[str, Role]:
    """Every role by name, for the topics, groups and indices that the settings name."""
    return {role.name: role for role in _roles(settings)}


def merged(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    """The Elasticsearch part of several roles as one descriptor."""
    chosen = [roles(settings)[name].descriptor() for name in names]
    cluster = sorted({one for role in chosen for one in role["cluster"]})
    return {"cluster": cluster, "indices": [one for role in chosen for one in role["indices"]]}


def _roles(settings: Settings) -> Iterator[Role]:
    topics = topics_of(settings)
    raw = tuple(topics.raw.values())

    def indices(*kinds: Kind) -> tuple[str, ...]:
        # the alias and every index that it may come to name
        return tuple(f"{settings.topic_prefix}-{kind}*" for kind in kinds)

    def stage(name: str, purpose: str, reads: tuple[str, ...], writes: tuple[str, ...], **more: Any) -> Role:
        state: tuple[str, ...] = more.pop("state", ())
        group = Acl("group", f"{settings.kafka_group_prefix}-{name}", ("Read",))
        groups = (group, Acl("group", STATE_GROUP, ("Read",))) if state else (group,)
        written = dict.fromkeys((*writes, topics.dead_letters))
        read = [one for one in dict.fromkeys((*reads, *state)) if one not in written]
        both = [one for one in written if one in reads or one in state]
        return Role(
            name,
            purpose,
            kafka=(
                *groups,
                *(Acl("topic", one, ("Read",)) for one in read),
                *(Acl("topic", one, ("Read", "Write")) for one in both),
                *(Acl("topic", one, ("Write",)) for one in written if one not in both),
            ),
            **more,
        )

    follows = (topics.topics, topics.corrections, topics.erasures)
    yield stage("enrich", "enriches raw posts", raw, (topics.enriched, topics.signals, topics.learn), state=follows)
    inputs = (topics.enriched, topics.alerts, topics.cases, topics.topics, topics.dead_letters)
    # `read`: a relabel starts from the stored post, and the journal says what must not come back
    written = Indices(indices(*KINDS), ("read", "index", "view_index_metadata"))
    # signals: where it was frozen and wrote too late, `link` is to say again what it knows of the posts
    state = (topics.corrections, topics.erasures)
    yield stage("index", "writes documents", inputs, (topics.signals,), indices=(written,), state=state)
    again = Acl("group", f"{settings.kafka_group_prefix}-reenrich-", ("Read",), prefixed=True)
    yield Role("reenrich", "a better model over posts that are there; with `enrich`", kafka=(again,))
    memory: tuple[str, ...] = (topics.alert_state,)
    steps: tuple[str, ...] = (topics.signals, topics.alert_commands)
    told = (topics.alerts, *topics.alert_routes.values())
    yield stage("alert", "raises alerts", steps, (*told, *memory), state=memory)
    memory = (topics.cases, topics.case_waiting, topics.corrections)
    told = (topics.case_answers, topics.enriched)
    steps = (topics.signals, topics.case_commands)
    yield stage("case", "follows complaints", steps, (*memory, *told), state=memory)
    memory = (topics.link_state,)
    steps = (topics.signals, topics.link_commands)
    yield stage("link", "finds what is told elsewhere", steps, (*memory, topics.enriched), state=memory)
    memory = (topics.topics,)
    yield stage("learn", "learns topics", (topics.learn,), (*memory, topics.enriched), state=memory)
    yield Role("produce", "pushes posts", kafka=tuple(Acl("topic", one, ("Write",)) for one in raw))
    yield Role(
        "steps",
        "moves cases, corrects posts, acknowledges alerts, renames topics; with `read`",
        kafka=(
            *(Acl("topic", one, ("Write",)) for one in (topics.case_commands, topics.link_commands)),
            *(Acl("topic", one, ("Write",)) for one in (topics.alert_commands, topics.learn)),
            *(Acl("topic", one, ("Read",)) for one in (topics.case_answers, topics.cases)),
            *(Acl("group", one, ("Read",)) for one in ("vocero-answers", STATE_GROUP)),
        ),
    )
    read = Indices(indices(*KINDS), ("read", "view_index_metadata"))
    yield Role("read", "search, report, alerts, cases, topics: reads the store", indices=(read,))
    yield Role(
        "setup",
        "creates topics, templates and indices, reindexes, imports Kibana objects",
        kafka=(Acl("topic", f"{settings.topic_prefix}.", ("Create", "Describe", "DescribeConfigs"), prefixed=True),),
        # `monitor`: how far a copy has come
        cluster=("manage_index_templates", "monitor"),
        indices=(Indices(indices(*KINDS), ("manage", "read", "write")),),
        kibana=("feature_savedObjectsManagement.all",),
    )
    journal = Indices(indices("journal"), ("index",))
    removal = Indices(indices(*KINDS), ("read", "delete", "view_index_metadata", "maintenance"))
    yield Role("purge", "removes what is older than the retention", indices=(removal, journal))
    yield Role(
        "erase",
        "removes a person or a post everywhere",
        kafka=_everywhere(settings),
        indices=(removal, Indices(indices(*KINDS), ("index",))),
    )
    yield Role(
        "replay",
        "drives dead letters again",
        kafka=(
            Acl("topic", topics.dead_letters, ("Read", "Write")),
            *(Acl("topic", one, ("Read", "Write")) for one in (*raw, topics.enriched, topics.signals, topics.learn)),
            Acl("group", STATE_GROUP, ("Read",)),
        ),
    )


def _everywhere(settings: Settings) -> tuple[Acl, ...]:
    """Reads every topic and writes tombstones to it."""
    every = Acl("topic", f"{settings.topic_prefix}.", ("Read", "Write"), prefixed=True)
    return (every, Acl("group", STATE_GROUP, ("Read",)))


def acl_commands(role: Role, principal: str = "User:PRINCIPAL") -> list[str]:
    """Lines for Kafka's own tool: `kafka-acls.sh --bootstrap-server … --add …`."""
    return [
        f"--add --allow-principal {principal} --{one.resource} {one.name}"
        + (" --resource-pattern-type prefixed" if one.prefixed else "")
        + "".join(f" --operation {operation}" for operation in one.operations)
        for one in role.kafka
    ]
