"""The `case` stage on batches of records: what is said to whom, what waits, and what a restart remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from schemas.cases import Case, CaseAnswer, CaseCommand
from schemas.codec import encode
from schemas.enriched import Correction, Relabel
from schemas.identity import identity
from schemas.signals import Signal
from streams.cases import book, waiting
from streams.cases.rules import case_id
from streams.erase.forgetting import forget_messages
from streams.records import Message, Record
from streams.settings import load_settings
from streams.stages.case import CaseStage
from streams.topics import topics_of

pytestmark = pytest.mark.unit
TOPICS = topics_of(load_settings(environ={}))
NOW = 1_775_000_000_000
POST = identity("social", "chirper", "77")
COMPLAINT = Signal(
    identity=POST,
    version=1,
    brand="Lumbre",
    event_time=NOW - 1000,
    channel="social",
    source="chirper",
    post_id="77",
    sentiment="negative",
    intents=["complaint"],
    author="@marta",
    excerpt="The parcel never came",
)
REPLY = replace(
    COMPLAINT,
    identity=identity("social", "chirper", "78"),
    post_id="78",
    role="company",
    in_reply_to="77",
    sentiment="neutral",
    author="@lumbre",
    excerpt="We are sorry",
)


class Topic:
    """What a compacted topic would hold, and a stage on it that can be restarted."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[bytes, bytes]] = {}
        self.offset = 0
        self.restart()

    def restart(self) -> None:
        self.stage = CaseStage(TOPICS, self._read)

    def _read(self, topic: str, partition: int) -> Mapping[bytes, bytes]:
        return dict(self.kept.get(topic, {}))

    def record(self, value: Any, *, now: int = NOW) -> Record:
        self.offset += 1
        topic = TOPICS.signals if isinstance(value, Signal) else TOPICS.case_commands
        data = value if isinstance(value, bytes) else encode(value)
        return Record(topic, 0, self.offset, b"Lumbre", data, now)

    async def take(self, *values: Any, now: int = NOW) -> list[Message]:
        return await self.feed([self.record(value, now=now) for value in values])

    async def feed(self, records: Sequence[Record]) -> list[Message]:
        await self.stage.assigned(frozenset({0}))
        messages = await self.stage.process(records)
        for message in messages:
            if message.topic in (TOPICS.cases, TOPICS.case_waiting, TOPICS.corrections):
                kept = self.kept.setdefault(message.topic, {})
                assert message.key is not None
                if message.value is None:
                    kept.pop(message.key, None)
                else:
                    kept[message.key] = message.value
        return messages

    def case(self, post: str = POST) -> Case:
        return msgspec.json.decode(self.kept[TOPICS.cases][case_id(post).encode()], type=Case)


def of(messages: Sequence[Message], topic: str) -> list[Message]:
    return [message for message in messages if message.topic == topic]


def answers(messages: Sequence[Message]) -> list[CaseAnswer]:
    return [msgspec.json.decode(one.value or b"", type=CaseAnswer) for one in of(messages, TOPICS.case_answers)]


def order(action: str, number: int = 1, **fields: Any) -> CaseCommand:
    given = {"case_id": case_id(POST), "brand": "Lumbre", "actor": "ana", "at": "2026-04-01T10:00:00Z", **fields}
    return msgspec.convert({"id": f"c{number}", "action": action, **given}, CaseCommand)


async def test_the_sender_hears_that_it_is_done_or_why_not() -> None:
    topic = Topic()
    await topic.take(COMPLAINT)
    (done,) = answers(await topic.take(order("contact")))
    assert (done.id, done.outcome, done.state, done.step) == ("c1", "done", "contacted", 2)
    (refused,) = answers(await topic.take(order("request-removal", 2)))
    assert (refused.outcome, refused.state) == ("refused", "contacted")
    assert "not possible from contacted" in (refused.reason or "")
    (late,) = answers(await topic.take(order("resolve", 3, expected=1)))
    assert (late.outcome, late.step) == ("refused", 2)
    assert "moved on" in (late.reason or "")


async def test_a_repeat_is_answered_again_and_changes_nothing() -> None:
    topic = Topic()
    await topic.take(COMPLAINT, order("contact"))
    before = topic.case()
    topic.restart()
    messages = await topic.take(COMPLAINT, order("contact"))
    assert of(messages, TOPICS.cases) == []
    assert [answer.outcome for answer in answers(messages)] == ["done"]
    assert topic.case() == before


async def test_a_batch_sends_a_case_once_with_all_its_events() -> None:
    topic = Topic()
    messages = await topic.take(COMPLAINT, order("acknowledge", 1), order("contact", 2), REPLY)
    assert len(of(messages, TOPICS.cases)) == 1
    assert [event.action for event in topic.case().history] == ["open", "acknowledge", "contact", "public-answer"]
    assert topic.case().version == 4


async def test_a_command_and_a_reply_that_come_before_their_case_wait_for_it() -> None:
    topic = Topic()
    messages = await topic.take(order("acknowledge"), REPLY)
    (told,) = answers(messages)
    assert told.outcome == "waiting"
    assert "7 days" in (told.reason or "")
    assert of(messages, TOPICS.dead_letters) == []
    topic.restart()  # what waits survives
    messages = await topic.take(COMPLAINT)
    assert [event.action for event in topic.case().history] == ["open", "acknowledge", "public-answer"]
    assert [answer.outcome for answer in answers(messages)] == ["done"]
    assert topic.kept[TOPICS.case_waiting] == {}
    assert topic.case().reply is not None


THANKS = replace(
    COMPLAINT,
    identity=identity("social", "chirper", "90"),
    post_id="90",
    event_time=COMPLAINT.event_time + 500,
    sentiment="positive",
    intents=["praise"],
    excerpt="They sent another one at once, thank you",
)


async def test_thanks_that_come_before_their_complaint_recover_it_all_the_same() -> None:
    topic = Topic()
    messages = await topic.take(THANKS)
    (kept,) = of(messages, TOPICS.case_waiting)
    assert b"thank you" not in (kept.value or b"")
    topic.restart()
    await topic.take(COMPLAINT)
    assert [event.action for event in topic.case().history] == ["open", "thanks"]
    assert topic.case().state == "recovered"
    before = topic.case()
    await topic.take(THANKS, COMPLAINT, THANKS)
    assert topic.case() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"event_time": COMPLAINT.event_time - 1},
        {"author": "@other"},
        {"author": None},
        {"source": "elsewhere"},
        {"product": "another"},
        {"sentiment": "neutral"},
        {"role": "company"},
        {"automatic": True},
    ],
)
async def test_early_thanks_for_something_else_recover_nothing(changes: dict[str, Any]) -> None:
    topic = Topic()
    await topic.take(replace(THANKS, **changes))
    await topic.take(replace(COMPLAINT, product="lamp"))
    assert topic.case().state == "opened"


async def test_thanks_that_were_taken_back_erased_or_are_too_old_recover_nothing() -> None:
    for then in (replace(THANKS, sentiment="negative", intents=[], version=2), None):
        topic = Topic()
        await topic.take(THANKS)
        if then is not None:
            await topic.take(then, THANKS)  # the older edition once more
        else:
            told = forget_messages(TOPICS, THANKS.identity, "2026-04-02T10:00:00Z", [0])
            (forget,) = [one for one in told if one.topic == TOPICS.signals]
            await topic.feed([Record(forget.topic, 0, 99, forget.key, forget.value, NOW, forget.headers)])
            assert topic.kept[TOPICS.case_waiting] == {}
        await topic.take(COMPLAINT)
        assert topic.case().state == "opened"
    topic = Topic()
    await topic.take(THANKS)
    await topic.take(replace(COMPLAINT, sentiment="neutral"), now=NOW + waiting.WAITING_MS + 1)
    assert topic.kept[TOPICS.case_waiting] == {}


async def test_thanks_are_bounded_and_crowd_out_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "THANKS", 5)
    topic = Topic()
    crowd = [replace(THANKS, identity=identity("social", "chirper", str(n)), post_id=str(n)) for n in range(100, 120)]
    messages = await topic.take(order("acknowledge"), *crowd)
    assert of(messages, TOPICS.dead_letters) == []
    assert len(topic.kept[TOPICS.case_waiting]) == 6
    await topic.take(COMPLAINT)
    assert [event.action for event in topic.case().history] == ["open", "acknowledge", "thanks"]


async def test_a_command_whose_case_never_comes_ends_as_a_dead_letter() -> None:
    topic = Topic()
    await topic.take(order("acknowledge"))
    messages = await topic.take(replace(COMPLAINT, sentiment="neutral"), now=NOW + waiting.WAITING_MS + 1)
    (letter,) = of(messages, TOPICS.dead_letters)
    assert b"did not come" in (letter.value or b"")
    assert b'"offset":1' in (letter.value or b"")
    assert topic.kept[TOPICS.case_waiting] == {}


async def test_what_waits_is_bounded_and_the_oldest_command_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "WAITING", 10)
    topic = Topic()
    messages = await topic.take(*(order("note", number, case_id=f"case-{number:024d}") for number in range(13)))
    assert len(of(messages, TOPICS.dead_letters)) == 3
    assert len(topic.kept[TOPICS.case_waiting]) == 10


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"id":"x","case_id":"case-1","action":"explode","actor":"a","at":"now","brand":"b"}', "no such step"),
        (b'{"id":"x","action":"note"}', "does not fit its schema"),
        (b'{"id":"x","case_id":"nope","action":"note","actor":"a","at":"now","brand":"b"}', "begins with case-"),
        (b'{"id":"x","case_id":"case-1","action":"note","actor":"a","at":"now","brand":"b","note":7}', "schema"),
        (b'{"id":"x","case_id":"case-1","action":"correct","actor":"a","at":"now","brand":"b"}', "identity"),
    ],
)
async def test_odd_commands_are_answered_with_a_reason(value: bytes, reason: str) -> None:
    (answer,) = answers(await Topic().take(value))
    assert (answer.id, answer.outcome) == ("x", "refused")
    assert reason in (answer.reason or "")
    assert "explode" not in (answer.reason or "")


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"{}", b"\xff", b'{"id":7}', b"[" * 100_000, b'{"id":"' + b"x" * 300_000]
)
async def test_what_is_no_command_is_a_dead_letter_and_stops_nothing(value: bytes) -> None:
    topic = Topic()
    messages = await topic.take(value, COMPLAINT)
    assert len(of(messages, TOPICS.dead_letters)) == 1
    assert topic.case().state == "opened"


async def test_ten_thousand_posts_of_one_author_in_a_minute_are_all_followed() -> None:
    topic = Topic()
    for start in range(0, 10_000, 500):
        await topic.take(
            *(
                replace(COMPLAINT, identity=identity("social", "chirper", f"p{n}"), post_id=f"p{n}", event_time=NOW + n)
                for n in range(start, start + 500)
            )
        )
    assert len(topic.kept[TOPICS.cases]) == 10_000
    thanks = replace(COMPLAINT, sentiment="positive", intents=["praise"], event_time=NOW + 60_000)
    recovered = 0
    for number in range(21):
        messages = await topic.take(replace(thanks, identity=identity("social", "chirper", f"t{number}")))
        assert len(of(messages, TOPICS.cases)) <= book.RECOVERED_AT_ONCE
        recovered += len(of(messages, TOPICS.cases))
    assert recovered == 10_000


async def test_replaying_the_inputs_from_the_start_gives_the_same_state() -> None:
    topic, again = Topic(), Topic()
    thanks = replace(COMPLAINT, identity="f" * 64, sentiment="positive", intents=["praise"], event_time=NOW + 1)
    inputs = [order("contact", 9), COMPLAINT, order("acknowledge", 1), REPLY, order("resolve", 2), thanks, b"{}"]
    records = [topic.record(value) for value in inputs]
    await topic.feed(records)
    for record in records:
        await again.feed([record])
        again.restart()
    assert again.kept == topic.kept
    assert topic.case().state == "recovered"


async def test_a_correction_is_kept_told_to_the_index_and_moves_its_case() -> None:
    topic = Topic()
    await topic.take(COMPLAINT)
    wrong = order("correct", 1, identity=POST, post_version=1, correct={"intents": ["question"]}, expected=0)
    messages = await topic.take(wrong)
    (relabel,) = of(messages, TOPICS.enriched)
    told = msgspec.json.decode(relabel.value or b"", type=Relabel)
    assert (told.identity, told.version, told.topics) == (POST, 1, None)
    assert told.correction is not None
    assert told.correction.intents == ["question"]
    assert (relabel.value or b"").startswith(b'{"kind":"relabel"')
    assert topic.case().state == "dismissed"
    # somebody else looked before that
    (late,) = answers(await topic.take(order("correct", 2, identity=POST, post_version=1, correct={}, expected=0)))
    assert late.outcome == "refused"
    topic.restart()
    await topic.take(order("correct", 3, identity=POST, post_version=1, correct={"sentiment": "neutral"}, expected=1))
    kept = msgspec.json.decode(topic.kept[TOPICS.corrections][POST.encode()], type=Correction)
    assert (kept.intents, kept.sentiment, kept.step) == (["question"], "neutral", 2)
    await topic.take(order("correct", 4, identity=POST, post_version=1, correct={}))
    kept = msgspec.json.decode(topic.kept[TOPICS.corrections][POST.encode()], type=Correction)
    assert (kept.undone, kept.intents, kept.sentiment) == (True, None, None)


async def test_a_machines_reply_is_no_contact_and_no_thanks() -> None:
    topic = Topic()
    await topic.take(COMPLAINT, replace(REPLY, automatic=True))
    assert topic.case().state == "opened"
    assert topic.kept.get(TOPICS.case_waiting, {}) == {}
    absent = replace(COMPLAINT, identity="d" * 64, post_id="80", sentiment="positive", automatic=True, version=2)
    await topic.take(replace(absent, event_time=COMPLAINT.event_time + 1))
    assert topic.case().state == "opened"
    early = Topic()
    await early.take(replace(REPLY, automatic=True), COMPLAINT)
    assert early.case().state == "opened"
    await early.take(REPLY)
    assert early.case().state == "answered"


async def test_erasing_a_post_takes_what_waits_for_it_and_its_correction() -> None:
    topic = Topic()
    await topic.take(order("note", 1, note="she called about it"), REPLY)
    await topic.take(order("correct", 2, identity=POST, post_version=1, correct={"sentiment": "neutral"}))
    assert len(topic.kept[TOPICS.case_waiting]) == 2
    assert len(topic.kept[TOPICS.corrections]) == 1
    forget = [one for one in forget_messages(TOPICS, POST, "2026-04-02T10:00:00Z", [0]) if one.topic == TOPICS.signals]
    (told,) = forget
    await topic.feed([Record(told.topic, 0, 99, told.key, told.value, NOW, told.headers)])
    assert (topic.kept[TOPICS.case_waiting], topic.kept[TOPICS.corrections]) == ({}, {})
    topic.restart()
    await topic.take(COMPLAINT)
    assert [event.action for event in topic.case().history] == ["open"]


async def test_a_thread_that_points_at_itself_and_two_that_point_at_each_other_move_no_case() -> None:
    topic = Topic()
    one = replace(COMPLAINT, in_reply_to="77", thread_id="77")
    two = replace(COMPLAINT, identity=identity("social", "chirper", "78"), post_id="78", in_reply_to="79")
    three = replace(COMPLAINT, identity=identity("social", "chirper", "79"), post_id="79", in_reply_to="78")
    await topic.take(one, two, three)
    assert {msgspec.json.decode(value, type=Case).state for value in topic.kept[TOPICS.cases].values()} == {"opened"}
    assert len(topic.kept[TOPICS.cases]) == 3
    own = replace(REPLY, in_reply_to="78")  # the company answers itself
    await topic.take(own)
    assert topic.case().state == "opened"
