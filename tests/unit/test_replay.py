"""Dead letters: which are open, what is sent for each, and what is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import cast

import pytest

from schemas.codec import Limits
from schemas.errors import RejectedInput
from schemas.identity import identity
from streams.broker.reading import Reader
from streams.delivery.dead_letters import dead_letter
from streams.headers import ARRIVED, FOR, OF, RAW, VERSION, Address
from streams.records import Message, Record
from streams.replay.job import Replay, Replayed
from streams.replay.letters import Choice, folded, receipt
from streams.replay.redrive import redriven
from streams.settings import Settings
from streams.topics import topics_of

pytestmark = pytest.mark.unit

TOPICS = topics_of(Settings())
RAW_TOPIC = TOPICS.raw["review"]
POST = json.dumps({"id": "1", "source": "shop", "channel": "review", "text": "late"}).encode()


class Shelf:
    """A reader over records that are given."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def partitions(self, topic: str) -> list[int]:
        return sorted({record.partition for record in self._records if record.topic == topic})

    def records(self, topic: str, partition: int) -> Iterator[Record]:
        return (record for record in self._records if (record.topic, record.partition) == (topic, partition))

    def record(self, place: Address) -> Record | None:
        found = [one for one in self._records if Address(one.topic, one.partition, one.offset) == place]
        return found[0] if found else None


def raw(offset: int = 7, value: bytes = POST, **headers: bytes) -> Record:
    return Record(RAW_TOPIC, 1, offset, b"key", value, 1_000, headers)


def letter_of(record: Record, stage: str = "enrich", post: str | None = None, *, at_ms: int = 5_000) -> Record:
    error = RejectedInput("rejected-by-store" if stage == "index" else "too-large", "why")
    return stored(dead_letter(TOPICS.dead_letters, stage, record, error, identity=post), at_ms)


def stored(message: Message, at_ms: int = 6_000) -> Record:
    return Record(message.topic, 0, at_ms, message.key, message.value, at_ms, message.headers)


def run(records: Sequence[Record], *, dry_run: bool = False, refuse: bool = False) -> tuple[Replayed, list[Message]]:
    sent: list[Message] = []

    async def send(messages: Sequence[Message]) -> list[Message]:
        if refuse and messages and messages[0].value is not None:
            return list(messages)
        sent.extend(messages)
        return []

    reader = cast("Reader", Shelf(records))
    job = Replay(reader, TOPICS, None if dry_run else send, limits=Limits(), now_ms=lambda: 9_000)
    return asyncio.run(job.run(Choice())), sent


def test_a_receipt_closes_its_letter_and_a_letter_behind_it_is_open_again() -> None:
    first = letter_of(raw())
    (letter,) = folded([first, first], Choice()).open
    done = stored(receipt(TOPICS.dead_letters, letter, now_ms=9))
    assert folded([first, done], Choice()).replayed == [letter]
    assert folded([first, done, first], Choice()).open == [letter]
    assert folded([stored(Message("t", b"k", b"{}"))], Choice()).unreadable == 1


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (Choice(), True),
        (Choice(reasons=["too-large"]), True),
        (Choice(reasons=["not-json"]), False),
        (Choice(stages=["index"]), False),
        (Choice(since_ms=5_000), True),
        (Choice(since_ms=5_001), False),
        (Choice(until_ms=5_000), False),
        (Choice(until_ms=5_001), True),
    ],
)
def test_letters_are_chosen_by_reason_stage_and_time(choice: Choice, taken: bool) -> None:
    assert len(folded([letter_of(raw())], choice).open) == taken


def test_a_raw_record_keeps_the_time_and_version_of_its_first_arrival() -> None:
    (letter,) = folded([letter_of(raw())], Choice()).open
    message = redriven(letter, raw(), TOPICS)
    assert (message.topic, message.key, message.value) == (RAW_TOPIC, b"key", POST)
    assert message.headers[VERSION] == message.headers[ARRIVED] == b"1000"
    assert message.headers[RAW] == f"{RAW_TOPIC}/1/7".encode()
    assert FOR not in message.headers
    again = redriven(letter, raw(9, **dict(message.headers)), TOPICS)
    assert again.headers == message.headers


@pytest.mark.parametrize("topic", [TOPICS.enriched, TOPICS.alerts, TOPICS.cases, TOPICS.topics])
def test_what_index_could_not_store_goes_to_index_alone(topic: str) -> None:
    record = Record(topic, 0, 3, b"key", b"{}", 1_000)
    (letter,) = folded([letter_of(record, "index")], Choice()).open
    message = redriven(letter, record, TOPICS)
    assert message.topic == TOPICS.enriched
    assert message.headers[FOR] == b"index"
    assert message.headers[OF] == topic.encode()


def test_an_original_is_sent_once_and_its_receipt_after_it() -> None:
    records = [raw(), letter_of(raw())]
    result, sent = run(records)
    assert result.total("replayed") == 1
    assert [message.topic for message in sent] == [RAW_TOPIC, TOPICS.dead_letters]
    result, sent = run([*records, stored(sent[1])])
    assert (result.total("replayed"), result.total("already"), sent) == (0, 1, [])
    assert run(records, dry_run=True)[1] == []


def test_an_original_that_is_gone_changed_or_too_large_is_counted_and_stays_open() -> None:
    letter = letter_of(raw())
    assert run([letter])[0].total("gone") == 1
    assert run([raw(value=b"other bytes"), letter])[0].total("changed") == 1
    result, sent = run([raw(), letter], refuse=True)
    assert (result.total("refused"), sent) == (1, [])


def test_the_raw_post_stands_in_for_an_enriched_record_that_is_gone() -> None:
    enriched = Record(TOPICS.enriched, 0, 3, b"key", b"{}", 1_000, {RAW: f"{RAW_TOPIC}/1/7".encode()})
    post = identity("review", "shop", "1")
    result, sent = run([raw(), letter_of(enriched, "index", post)])
    assert result.total("replayed") == 1
    assert (sent[0].topic, sent[0].headers[FOR], sent[0].headers[VERSION]) == (RAW_TOPIC, b"index", b"1000")
    assert run([raw(), letter_of(enriched, "index", sha256(b"another post").hexdigest())])[0].total("gone") == 1
