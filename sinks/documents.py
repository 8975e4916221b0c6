"""Records to documents and back: Elastic Common Schema fields where one exists, everything else under `feedback`."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from schemas.alerts import Alert
from schemas.cases import Case
from schemas.dead_letters import DeadLetter
from schemas.enriched import COMPARED_FACTORS, COMPARED_FLAGS, Compared, EnrichedPost, Relabel
from schemas.identity import from_millis, parse_time, to_millis
from schemas.topics import Topic
from sinks.base import Document, Kind, Removal

ECS_VERSION = "9.0.0"
"""Of the Elastic Common Schema whose field names are used."""


_NORMAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def post_document(post: EnrichedPost) -> Document:
    """A post's document; `feedback` holds all its fields by their schema names, the embedding as base64."""
    feedback: dict[str, Any] = msgspec.to_builtins(post)
    # left out where they equal their defaults, but people filter by them
    feedback.setdefault("sentiment", msgspec.to_builtins(post.sentiment))
    body = _envelope("posts", post.identity, post.event_time, "event", created=_rfc3339(post.version))
    body["event"]["provider"] = post.source
    if post.url is not None:
        body["url"] = {"original": post.url}
    body["feedback"] = feedback
    return Document("posts", post.identity, post.version, body)


def case_document(case: Case) -> Document:
    """A case's document, dated by its last step."""
    body = _envelope("cases", case.id, case.updated_at, "state", created=_normal(case.opened_at))
    # left out where they equal their defaults, but people filter by them; so below
    shown = ("queue", "status", "language", "severity")
    body["feedback"] = {"case": {**{name: getattr(case, name) for name in shown}, **msgspec.to_builtins(case)}}
    return Document("cases", case.id, case.version, body)


def alert_document(alert: Alert) -> Document:
    """An alert's document, dated by the event that changed its state."""
    body = _envelope("alerts", alert.id, alert.at, "alert", created=_normal(alert.since))
    body["feedback"] = {"alert": {"measure": alert.measure, "leads": alert.leads, **msgspec.to_builtins(alert)}}
    return Document("alerts", alert.id, alert.version, body)


def topic_document(topic: Topic) -> Document:
    """A topic's document. Its version: milliseconds of `updated_at`, or its count where it has no time."""
    moment = parse_time(topic.updated_at)
    body = _envelope("topics", topic.id, topic.updated_at, "state", created=_normal(topic.created_at))
    body["feedback"] = {"topic": {"status": topic.status, **msgspec.to_builtins(topic)}}
    version = max(to_millis(moment), 0) if moment is not None else max(topic.count, 0)
    return Document("topics", topic.id, version, body)


def dead_letter_document(letter: DeadLetter) -> Document:
    """A dead letter's document: what failed, why and where, without its excerpt: words stay where replay finds them."""
    identity = f"{letter.stage}:{letter.topic}:{letter.partition}:{letter.offset}"
    body = _envelope("dead-letters", identity, letter.at, "event", created=_normal(letter.at))
    body["feedback"] = {"dead_letter": msgspec.to_builtins(msgspec.structs.replace(letter, excerpt=""))}
    moment = parse_time(letter.at)
    return Document("dead-letters", identity, 0 if moment is None else max(to_millis(moment), 0), body)


def journal_document(action: str, at: str, details: dict[str, Any], *, identity: str, version: int) -> Document:
    """What was done to the store at a time (RFC 3339). `details` hold no personal data; see the mapping for names."""
    body = _envelope("journal", identity, at, "event", created=_normal(at))
    body["event"]["action"] = action
    body["feedback"] = {"journal": {"action": action} | details}
    return Document("journal", identity, version, body)


def removal_document(removal: Removal, at: str) -> Document:
    """The journal's entry of a deleted document: what keeps it from being written again."""
    details = {"kind": removal.kind, "id": removal.id, "version": removal.version}
    key = removal_key(removal.kind, removal.id)
    return journal_document("delete", at, details, identity=key, version=removal.version)


def removal_key(kind: Kind, identity: str) -> str:
    """The id of a removal's entry in the journal: SHA-256 of [kind, id] as JSON."""
    return hashlib.sha256(msgspec.json.encode([kind, identity])).hexdigest()


def post_of(document: Document) -> EnrichedPost:
    """The inverse of `post_document`. Raises ValueError where the document is not a post's."""
    try:
        return msgspec.convert(document.body["feedback"], EnrichedPost)
    except (KeyError, TypeError, msgspec.ValidationError):
        # a new error: the validation's text may quote the post
        raise ValueError("the document does not hold an enriched post of this version of the schema") from None


def relabelled(document: Document, relabel: Relabel) -> Document:
    """The post's document with other topics, same identity, and the version that the relabel carries.

    Topics that a person gave stay: a person's word wins over the model.
    """
    if relabel.topics is None or "topics" in document.body["feedback"].get("correction", {}).get("fields", ()):
        return document
    topics = msgspec.to_builtins(relabel.topics)
    feedback = {**document.body["feedback"], "topics": topics, "version": relabel.version}
    if not topics:
        del feedback["topics"]
    return Document(document.kind, document.id, relabel.version, {**document.body, "feedback": feedback})


def compared_document(document: Document, found: Compared) -> Document:
    """The post's document with what comparing has shown, in the place of what an earlier comparison had."""
    feedback = dict(document.body["feedback"])
    flags = [flag for flag in feedback.get("authenticity", {}).get("flags", ()) if flag["name"] not in COMPARED_FLAGS]
    flags += msgspec.to_builtins(found.flags)
    feedback |= {"links": msgspec.to_builtins(found.links), "authenticity": {"flags": flags}}
    if feedback.get("relevance", {}).get("kind") == "copies":
        del feedback["relevance"]
    if found.relevance is not None and "relevance" not in feedback:
        feedback["relevance"] = msgspec.to_builtins(found.relevance)
    if severity := feedback.get("severity"):
        factors = {name: value for name, value in severity.get("factors", {}).items() if name not in COMPARED_FACTORS}
        feedback["severity"] = {**severity, "factors": factors | found.factors}
    if not found.links:
        del feedback["links"]
    return Document(document.kind, document.id, found.version, {**document.body, "feedback": feedback})


def _envelope(kind: Kind, identity: str, time: str | None, event_kind: str, *, created: str | None) -> dict[str, Any]:
    """The Elastic Common Schema's part of a body. A `time` that is no time stays as it is, for the sink to refuse.

    `created`: in the one form that every store reads.
    """
    event = {"id": identity, "kind": event_kind, "module": "vocero", "dataset": f"feedback.{kind}"}
    if created is not None:
        event["created"] = created
    body: dict[str, Any] = {"ecs": {"version": ECS_VERSION}, "event": event}
    if time is not None:
        body["@timestamp"] = _normal(time) or time
    return body


def _normal(time: str | None) -> str | None:
    """The time in the one form that every store reads; None where it is no time."""
    moment = parse_time(time)
    if moment is None or time is None:
        return None
    return time if _NORMAL.fullmatch(time) else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rfc3339(millis: int) -> str | None:
    """The time of a version; None where the version counts steps that are no plausible milliseconds."""
    try:
        return from_millis(millis)
    except (OverflowError, ValueError, OSError):
        return None
