"""The shared topic model on the compacted topic `feedback.topics`: a topic by its id, and what `learn` remembers.

Whoever decodes every record as a `Topic` and leaves out candidates sees topics only.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class Topic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A topic: an id that never changes meaning, and the newest of everything else."""

    id: str
    label: str
    keywords: list[str] = msgspec.field(default_factory=list)
    centroid: Annotated[str, Meta(description="Base64 of little-endian float32, unit length.")] = ""
    radius: Annotated[float, Meta(ge=-1, le=1, description="Least cosine to the centroid to belong.")] | None = None
    count: int = 0
    status: Literal["candidate", "active", "merged", "retired"] = "active"
    merged_into: str | None = None
    split_from: str | None = None
    pinned_label: Annotated[bool, Meta(description="A person gave the label: the model keeps it.")] = False
    pinned_merge: Annotated[bool, Meta(description="A person merged it: the model does not part them again.")] = False
    apart: Annotated[list[str], Meta(description="Topics that a person keeps apart from it.")] = msgspec.field(
        default_factory=list
    )
    group: Annotated[str | None, Meta(description="Id of the group of kindred topics; null while there are few.")] = (
        None
    )
    examples: Annotated[list[str], Meta(description="Redacted English sentences.")] = msgspec.field(
        default_factory=list
    )
    quoted: Annotated[list[str], Meta(description="Identities of the posts that the examples are from.")] = (
        msgspec.field(default_factory=list)
    )
    created_at: str | None = None
    updated_at: str | None = None
    applied: Annotated[int, Meta(description="Offset of the last lesson that is counted in it.")] = -1
    terms: Annotated[dict[str, int], Meta(description="Counts of English words, for keywords.")] = msgspec.field(
        default_factory=dict
    )
    members: Annotated[list[tuple[str, int]], Meta(description="(identity, version) of its first posts.")] = (
        msgspec.field(default_factory=list)
    )


class Sentence(Struct, frozen=True, kw_only=True):
    """One sentence in the memory of `learn`, keyed by its id; a tombstone forgets it. Reads as a candidate `Topic`."""

    id: Annotated[str, Meta(description="`s-`, the post's identity, and the sentence's place in the lesson.")]
    label: str = ""
    status: Literal["candidate"] = "candidate"
    identity: str
    version: int
    place: int
    of: Annotated[int, Meta(description="Sentences in the lesson.")]
    text: Annotated[str, Meta(description="Redacted English.")]
    vector: Annotated[str, Meta(description="Base64 of little-endian float32, unit length.")]
    event_time: int
    applied: Annotated[int, Meta(description="Offset of its lesson.")]
    topic: Annotated[str | None, Meta(description="The topic that it belongs to; null while it is emerging.")] = None
    told: Annotated[str | None, Meta(description="The topic that its post's document names for it.")] = None


class LearnState(Struct, frozen=True, kw_only=True):
    """Where `learn` stands, keyed `model`; the last record of every batch. Reads as a candidate `Topic`."""

    id: Literal["model"] = "model"
    label: str = ""
    status: Literal["candidate"] = "candidate"
    applied: Annotated[int, Meta(description="Offset of the last lesson: makes a repeat harmless.")] = -1
    seen: Annotated[int, Meta(description="Sentences ever learned from.")] = 0
    since: Annotated[int, Meta(description="Sentences since the last fresh look.")] = 0
    moved: Annotated[int, Meta(description="Sentences whose topic was ever changed.")] = 0
    grouped: Annotated[int, Meta(description="Active topics when all were last grouped anew.")] = 0


class TopicCommand(Struct, frozen=True, kw_only=True, tag_field="kind", tag="topic-command"):
    """A person's word on a topic, sent on `feedback.learn` to partition 0: it wins over the model."""

    id: str
    action: Annotated[
        Literal["rename", "merge", "undo"], Meta(description="`undo`: of the merge that took the topic away.")
    ]
    topic: str
    label: Annotated[str, Meta(description="For `rename`.", min_length=1, max_length=200)] | None = None
    into: Annotated[str | None, Meta(description="For `merge`: the topic that stays.")] = None
    actor: str
    at: str


class ForgetPost(Struct, frozen=True, kw_only=True, tag_field="kind", tag="forget-post"):
    """A post is to be forgotten, sent on `feedback.learn` to partition 0: its sentences and the examples made of it."""

    identity: str
    at: str
