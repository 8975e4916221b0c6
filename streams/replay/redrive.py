"""What is sent for a dead letter: its original, to where it failed, with the version that it had."""

from __future__ import annotations

from schemas.codec import Limits, decode_raw
from schemas.errors import RejectedInput
from schemas.identity import identity
from streams.headers import ARRIVED, FOR, OF, RAW, VERSION, raw_address
from streams.records import Message, Record
from streams.replay.letters import Letter
from streams.topics import Topics


def redriven(letter: Letter, original: Record, topics: Topics) -> Message:
    """The message that drives `original` again; `original` is the letter's input, or the raw record behind it.

    A raw record goes through `enrich` once more, everything else to the stage that failed and to no other. What `index`
    could not store goes to it by `feedback.enriched`, marked with the topic that it is of: on their own topics, an
    alert would ring twice, and an old case would pass for the newest.
    """
    headers = dict(original.headers)
    headers.setdefault(RAW, str(raw_address(original)).encode())
    if letter.stage != "enrich":
        headers[FOR] = letter.stage.encode()
    if original.topic in topics.raw.values():
        # as new and as old as it was when it came first: an edit that came since still wins
        headers.setdefault(VERSION, str(original.timestamp_ms).encode())
        headers.setdefault(ARRIVED, str(original.timestamp_ms).encode())
        return Message(original.topic, original.key, original.value, headers)
    if letter.stage == "index":
        headers.setdefault(OF, original.topic.encode())
        return Message(topics.enriched, original.key, original.value, headers)
    # one learn worker is active, that of the first partition
    return Message(
        original.topic, original.key, original.value, headers, partition=0 if letter.stage == "learn" else None
    )


def same_post(letter: Letter, raw: Record, limits: Limits) -> bool:
    """True where a raw record is that of the post which the letter tells of."""
    try:
        post = decode_raw(raw.value or b"", limits)
    except RejectedInput:
        return False
    return letter.identity == identity(post.channel, post.source, post.id)
