"""How `learn` forgets a post: which records hold it, and the word that makes the active worker drop them."""

from __future__ import annotations

from schemas.codec import encode
from schemas.topics import ForgetPost
from streams.headers import cloud_event
from streams.records import Message
from streams.topics import Topics


def holds_post(key: bytes, identity: str) -> bool:
    """Whether a record of `feedback.topics` under this key holds sentences of the post."""
    return key.startswith(f"s-{identity}-".encode())


def forget_message(topics: Topics, identity: str, at: str) -> Message:
    """To be sent like any message: the active `learn` worker then drops the post from its memory, writes tombstones
    for its sentences and takes its words out of the topics' examples. Tombstones alone would be written over.
    """
    word = ForgetPost(identity=identity, at=at)
    headers = cloud_event(kind="post.forget", stage="cli", event_id=f"forget:{identity}", time=at)
    return Message(topics.learn, identity.encode(), encode(word), headers, partition=0)
