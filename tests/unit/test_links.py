"""The same complaint told elsewhere, copies and bursts: what is found, undone, repeated, edited and restored."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from schemas.codec import encode
from schemas.enriched import Compared, EnrichedPost, Relevance
from schemas.errors import RejectedInput
from schemas.links import LinkCommand
from schemas.signals import Signal
from schemas.vectors import encode_vector
from sinks.documents import compared_document, post_document
from streams.links import window as window_module
from streams.links.memory import MAX_LINKS, Memory, compared
from streams.links.telling import Telling, names_of, numbers_of, telling_of
from streams.links.window import Window
from streams.records import Message, Record
from streams.settings import Settings
from streams.stages.link import LinkStage
from streams.topics import topics_of

pytestmark = pytest.mark.unit

HOUR = 3_600_000
LAMP = "The shade of my Lumen lamp arrived in pieces, order 48213, and support has been silent for twelve days"


def direction(seed: int, toward: int | None = None) -> str:
    """A random unit vector, or one near to another."""
    made = np.random.default_rng(seed).normal(size=384)
    if toward is not None:
        other = np.random.default_rng(toward).normal(size=384)
        made = other + 0.35 * made
    return encode_vector((made / np.linalg.norm(made)).astype(np.float32))


def signal(identity: str, text: str = LAMP, **fields: Any) -> Signal:
    given: dict[str, Any] = {
        "version": 1,
        "brand": "acme",
        "event_time": 1_000_000_000_000,
        "channel": "social",
        "source": "chirp",
        "post_id": identity,
        "sentiment": "negative",
        "intents": ["complaint"],
        "language": "en",
        "excerpt": text,
        "vector": direction(1),
    }
    return Signal(identity=identity, **{**given, **fields})


def told(memory: Memory) -> dict[str, Telling | None]:
    return dict(memory.changed())


def two() -> Memory:
    """A review in Spanish and a social post in English that tell the same."""
    memory = Memory()
    spanish = "La pantalla de la lámpara Lumen llegó rota, pedido 48213, y llevo doce días esperando a soporte"
    memory.observe(
        signal("a", spanish, channel="review", source="shop", language="es", translation=LAMP, author="@marta")
    )
    memory.observe(signal("b", event_time=1_000_000_000_000 + HOUR, author="@mruiz", vector=direction(2, toward=1)))
    return memory


def test_a_complaint_told_on_two_channels_is_linked_both_ways_with_its_reasons() -> None:
    memory = two()
    found = told(memory)
    a, b = found["a"], found["b"]
    assert a is not None
    assert b is not None
    assert [link.identity for link in a.links] == ["b"]
    assert [link.identity for link in b.links] == ["a"]
    assert a.links[0].confidence > 0.9
    assert any("48213" in reason for reason in a.links[0].evidence)
    assert told(memory) == {}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"customer_id": "1"}, {"customer_id": "2"}),
        ({"source": "chirp", "author": "@x"}, {"source": "chirp", "author": "@y"}),
        ({"product": "lamp"}, {"product": "chair"}),
        ({}, {"event_time": 1_000_000_000_000 + 90 * 24 * HOUR}),
        ({"post_id": "1"}, {"in_reply_to": "1"}),
        ({"sentiment": "positive", "intents": ["praise"]}, {"sentiment": "positive", "intents": ["praise"]}),
        ({"text": "Lovely"}, {"text": "Lovely lamp, wrong plug, and nobody answers", "vector": direction(2)}),
    ],
)
def test_what_cannot_be_one_persons_complaint_is_never_linked(first: dict[str, Any], second: dict[str, Any]) -> None:
    memory = Memory()
    memory.observe(signal("a", **first))
    memory.observe(signal("b", **second))
    assert all(telling is None or not telling.links for telling in told(memory).values())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"sentiment": "neutral", "intents": []}, {"sentiment": "neutral", "intents": []}),
        ({"sentiment": "positive", "intents": []}, {"sentiment": "neutral", "intents": []}),
        ({"sentiment": "positive", "customer_id": "7"}, {"sentiment": "positive", "customer_id": "7"}),
    ],
)
def test_the_same_is_linked_where_the_models_heard_no_complaint(first: dict[str, Any], second: dict[str, Any]) -> None:
    memory = Memory()
    memory.observe(signal("a", source="shop", **first))
    memory.observe(signal("b", **second))
    telling = memory.get("acme", "b")
    assert telling is not None
    assert [link.identity for link in telling.links] == ["a"]


def test_a_person_parts_two_posts_and_they_stay_parted() -> None:
    memory = two()
    told(memory)
    order = LinkCommand(id="1", brand="acme", action="unlink", identity="a", other="b", actor="ana", at="now")
    memory.command(order)
    found = told(memory)
    assert all(telling is not None and telling.told and not telling.links for telling in found.values())
    memory.command(order)
    memory.observe(signal("b", version=2, event_time=1_000_000_000_000 + HOUR, author="@mruiz"))
    after = memory.get("acme", "b")
    assert after is not None
    assert after.links == []
    assert after.version == 2
    memory.command(msgspec.structs.replace(order, action="link"))
    joined = memory.get("acme", "a")
    assert joined is not None
    assert joined.links[0].evidence == ["linked by a person"]
    with pytest.raises(RejectedInput, match="not among those"):
        memory.command(msgspec.structs.replace(order, other="gone"))


def test_a_repeat_says_the_same_again_an_edit_starts_anew_and_an_older_version_says_nothing() -> None:
    memory = two()
    first = msgspec.to_builtins(told(memory)["b"])
    memory.observe(signal("b", event_time=1_000_000_000_000 + HOUR, author="@mruiz", vector=direction(2, toward=1)))
    assert msgspec.to_builtins(told(memory)["b"]) == first
    memory.observe(signal("b", "Where can I buy a second one of these lovely things?", version=5, vector=direction(9)))
    found = told(memory)
    assert found["a"] is not None
    assert found["a"].links == []
    assert found["b"] is not None
    assert found["b"].links == []
    memory.observe(signal("b", version=3))
    assert told(memory) == {}


def test_copied_praise_by_other_authors_is_flagged_and_a_person_who_repeats_herself_is_not() -> None:
    text = "I have tried many lamps in my life but none was as bright and as gentle to the eyes as this one, buy it"
    copy = text.replace("gentle", "kind")
    memory = Memory()
    praise: dict[str, Any] = {"sentiment": "positive", "intents": ["praise"]}
    memory.observe(signal("a", text, author="@one", **praise))
    memory.observe(signal("b", copy, author="@two", **praise))
    memory.observe(signal("c", "Bright lamp, thanks", author="@three", vector=direction(3), **praise))
    found = told(memory)
    for identity in ("a", "b"):
        telling = found[identity]
        assert telling is not None
        assert [flag.name for flag in telling.flags] == ["copied-text"]
        assert "by another author" in telling.flags[0].evidence
    assert found["c"] is not None
    assert found["c"].flags == []
    memory = Memory()
    memory.observe(signal("a", text, author="@one", **praise))
    memory.observe(signal("b", copy, source="other", author="@one", **praise))
    assert all(telling is not None and telling.flags == [] for telling in told(memory).values())


def test_a_burst_of_alike_praise_is_flagged_where_it_is_not_usual() -> None:
    def praises(memory: Memory, count: int, start: int, gap: int) -> None:
        for place in range(count):
            memory.observe(
                signal(
                    f"{start}-{place}",
                    f"so good number{place}",
                    sentiment="positive",
                    intents=["praise"],
                    product="lamp",
                    author=f"@a{start}-{place}",
                    event_time=start + place * gap,
                    vector=direction(100 + place, toward=1),
                )
            )

    burst = Memory()
    praises(burst, 7, 10**12, HOUR)
    flags = [flag.name for telling in told(burst).values() if telling is not None for flag in telling.flags]
    assert flags == ["praise-burst"] * 7
    usual = Memory()
    praises(usual, 60, 10**12, 6 * HOUR)
    praised = [telling for telling in told(usual).values() if telling is not None and telling.flags]
    assert len(praised) <= 20  # only while nothing is known of what is usual
    assert not any(telling.identity.endswith("-59") for telling in praised)


def test_recurrence_counts_the_authors_and_the_topics_earlier_complaints() -> None:
    memory = Memory()
    for place in range(4):
        memory.observe(
            signal(
                str(place),
                f"Story number {place} is another one altogether",
                author="@ana",
                topics=[("t1", "lamps")],
                event_time=10**12 + place * 24 * HOUR,
                vector=direction(50 + place),
            )
        )
    factors = [telling.factors for telling in told(memory).values() if telling is not None]
    assert factors[0] == {}
    assert 0 < factors[1]["author_recurrence"] < factors[3]["author_recurrence"] < 1
    assert 0 < factors[1]["topic_recurrence"] < factors[3]["topic_recurrence"] < 1


def test_ten_thousand_posts_by_one_author_in_a_minute_stay_bounded_and_are_marked() -> None:
    memory = Memory(size=150)
    for place in range(600):
        memory.observe(signal(str(place), LAMP, author="@flood", event_time=10**12 + place * 6))
    found = told(memory)
    alive = [telling for telling in found.values() if telling is not None]
    assert len(alive) == 150
    assert len(found) == 600
    assert all(len(telling.links) <= MAX_LINKS for telling in alive)
    assert all(any(flag.name == "many-posts" for flag in telling.flags) for telling in alive)


def test_of_all_brands_the_one_with_most_posts_makes_room() -> None:
    memory = Memory()
    for place in range(60):
        memory.observe(signal(f"large-{place}", brand="large", event_time=10**12 + place))
        if place < 10:
            memory.observe(signal(f"small-{place}", brand="small", event_time=10**12 + place))
    memory.keep(40)
    found = told(memory)
    assert len(memory) == 40
    assert {key for key, telling in found.items() if telling is None} == {f"large-{place}" for place in range(30)}


async def test_the_stage_remembers_no_more_than_its_share_of_each_partition() -> None:
    broker = _Broker()
    stage = LinkStage(topics_of(Settings()), broker.read, posts=8)
    await stage.assigned(frozenset({3, 4}))
    for place in range(12):
        broker.take(await stage.process([record(encode(signal(str(place))), place)]))
    assert sorted(broker.state) == [b"10", b"11", b"8", b"9"]


def test_a_companys_own_post_is_not_compared() -> None:
    memory = Memory()
    memory.observe(signal("a", role="company"))
    assert told(memory) == {}
    assert memory.get("acme", "a") is None


@pytest.mark.parametrize("vector", [None, "", "%%%", encode_vector(np.full(4, np.nan, np.float32)), "AAAA"])
def test_a_vector_that_cannot_be_read_is_none(vector: str | None) -> None:
    memory = Memory()
    memory.observe(signal("good"))
    memory.observe(signal("bad", vector=vector, customer_id="9"))
    telling = memory.get("acme", "bad")
    assert telling is not None
    assert telling.vector in (b"", telling.vector)


def test_the_large_index_finds_what_the_small_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    tellings = [telling_of(signal(str(place), vector=direction(place))) for place in range(300)]
    near = telling_of(signal("near", vector=direction(7, toward=150)))
    small = Window(size=200)
    monkeypatch.setattr(window_module, "EXACT", 50)
    large = Window(size=200)
    for telling in tellings:
        small_gone = small.add(telling)
        assert large.add(telling) == small_gone
    assert small.near(near, 1) == large.near(near, 1) == ["150"]
    assert len(small) == len(large) == 200
    small.remove("150")
    large.remove("150")
    assert "150" not in large.near(near, 16)


def test_the_index_and_the_embedding_engine_live_in_one_process() -> None:
    code = "from streams.links.window import _index; _index(8); import onnxruntime"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_numbers_and_names() -> None:
    assert numbers_of("Llevo doce días, 1.250 € y el pedido 0048213", "twelve days") == ["1250", "48213", "12"]
    assert names_of("El tren a Lyon con Carmen. Nadie vino", "es") == ["lyon", "carmen"]
    assert names_of("Das Auto und der Hund", "de") == []


class _Broker:
    """The stage's topics in memory."""

    def __init__(self) -> None:
        self.state: dict[bytes, bytes] = {}
        self.said: list[Compared] = []

    def read(self, topic: str, partition: int) -> Mapping[bytes, bytes]:
        return dict(self.state) if (topic, partition) == ("feedback.links.state", 3) else {}

    def take(self, messages: list[Message]) -> None:
        for message in messages:
            if message.state and message.key is not None:
                assert message.partition == 3
                if message.value is None:
                    self.state.pop(message.key, None)
                else:
                    self.state[message.key] = message.value
            elif message.topic == "feedback.enriched":
                self.said.append(msgspec.json.decode(message.value or b"", type=Compared))


def record(value: bytes, offset: int, topic: str = "feedback.signals") -> Record:
    return Record(topic, 3, offset, b"acme", value, 10**12)


async def test_the_stage_remembers_across_restart_and_redelivery() -> None:
    broker = _Broker()
    topics = topics_of(Settings())
    a = record(encode(signal("a", channel="review", source="shop", author="@marta")), 0)
    b = record(encode(signal("b", author="@mruiz")), 1)
    first = LinkStage(topics, broker.read, posts=1_000)
    await first.assigned(frozenset({3}))
    broker.take(await first.process([a]))
    assert broker.said == []
    second = LinkStage(topics, broker.read, posts=1_000)
    await second.assigned(frozenset({3}))
    broker.take(await second.process([b]))
    assert {one.identity: [link.identity for link in one.links] for one in broker.said} == {"a": ["b"], "b": ["a"]}
    before, broker.said = broker.said, []
    third = LinkStage(topics, broker.read, posts=1_000)
    await third.assigned(frozenset({3}))
    broker.take(await third.process([a, b]))
    assert sorted(map(repr, broker.said)) == sorted(map(repr, before))


async def test_the_stage_turns_bad_records_into_dead_letters_and_old_state_into_a_warning() -> None:
    broker = _Broker()
    broker.state[b"x"] = b"not msgpack"
    stage = LinkStage(topics_of(Settings()), broker.read, posts=1_000)
    command = LinkCommand(id="1", brand="acme", action="unlink", identity="x", other="y", actor="ana", at="now")
    messages = await stage.process(
        [record(b"{", 0), record(encode(command), 1, "feedback.links.commands"), record(encode(signal("a")), 2)]
    )
    assert [message.topic for message in messages] == ["feedback.dead-letters"] * 2 + ["feedback.links.state"]
    await asyncio.sleep(0)


def test_a_newer_version_in_which_nothing_changed_keeps_what_was_said() -> None:
    """A producer that sends everything again, without a time of its own, makes new versions in another order."""
    memory = two()
    before = {name: msgspec.structs.replace(one) for name, one in told(memory).items() if one is not None}
    spanish = "La pantalla de la lámpara Lumen llegó rota, pedido 48213, y llevo doce días esperando a soporte"
    memory.observe(
        signal("b", version=2, event_time=1_000_000_000_000 + HOUR, author="@mruiz", vector=direction(2, toward=1))
    )
    memory.observe(
        signal(
            "a", spanish, version=3, channel="review", source="shop", language="es", translation=LAMP, author="@marta",
            topics=[("t1", "what the model thinks by now")],
        )
    )  # fmt: skip
    after = told(memory)
    assert {name: one.version for name, one in after.items() if one is not None} == {"a": 3, "b": 2}
    for name, one in after.items():
        assert one is not None
        assert one == msgspec.structs.replace(before[name], version=one.version)


def test_an_edit_is_compared_anew() -> None:
    memory = two()
    told(memory)
    memory.observe(signal("b", "All is well now, thank you", version=2, author="@mruiz", vector=direction(9)))
    found = told(memory)
    assert found["a"] is not None
    assert found["a"].links == []


def test_a_crash_while_state_is_kept_changes_nothing_once_the_post_comes_again() -> None:
    """State goes out post by post, in order; after a crash only the first of them were kept."""
    spanish = "La pantalla de la lámpara Lumen llegó rota, pedido 48213, y llevo doce días esperando a soporte"
    before: list[Signal] = [
        signal("a", spanish, channel="review", source="shop", language="es", translation=LAMP, author="@marta"),
        signal("copy", channel="review", source="mart", author="@zoe", sentiment="positive", intents=[]),
    ]
    last = signal("b", event_time=1_000_000_000_000 + HOUR, author="@mruiz", vector=direction(2, toward=1))

    def kept(steps: list[tuple[str, Telling | None]]) -> dict[str, Telling]:
        state: dict[str, Telling] = {}
        for name, one in steps:
            if one is None:
                state.pop(name, None)
            else:
                state[name] = msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Telling)
        return state

    memory = Memory()
    for one in before:
        memory.observe(one)
    first = kept(list(memory.changed()))
    memory.observe(last)
    steps = list(memory.changed())
    assert len(steps) == 3
    whole = first | kept(steps)
    for crash in range(len(steps) + 1):
        state = kept([*first.items(), *steps[:crash]])
        again = Memory(sorted(state.values(), key=lambda one: (one.time, one.identity)))
        again.observe(last)
        assert state | kept(list(again.changed())) == whole, crash


DEAL = "Lumen lamps like in the magazine, all the colours of this winter, now 60% off at https://lamps-{}.example today"


def deals(texts: Sequence[str], **fields: Any) -> Memory:
    memory = Memory()
    for number, text in enumerate(texts):
        given = {"author": f"@bot{number}", "sentiment": "positive", "intents": ["other"], **fields}
        memory.observe(signal(f"p{number}", text, vector=direction(number), **given))
    return memory


def campaigns(memory: Memory) -> list[int]:
    return [one.campaign for _, one in sorted(told(memory).items()) if one is not None]


def test_the_same_promotion_by_many_accounts_is_an_advert_in_every_copy() -> None:
    memory = deals([DEAL.format(number % 2) for number in range(5)])
    assert campaigns(memory) == [4, 4, 4, 4, 5]
    one = memory.get("acme", "p0")
    assert one is not None
    said = compared(one).relevance
    assert said is not None
    assert (said.relevant, said.kind) == (False, "copies")


def test_copied_words_that_promote_nothing_or_come_from_few_are_no_campaign() -> None:
    assert set(campaigns(deals([DEAL.format(1)] * 3))) == {0}
    assert set(campaigns(deals([DEAL.format(1)] * 6, author="@one"))) == {0}
    angry = "Everybody write to them: they cancelled all of our orders from https://lamps.example without one word"
    assert set(campaigns(deals([angry] * 6, sentiment="negative", intents=["complaint"]))) == {0}
    assert set(campaigns(deals([LAMP] * 6))) == {0}


def test_a_campaign_is_laid_over_a_document_and_yields_to_what_stands_there() -> None:
    made = EnrichedPost(
        id="1", source="s", channel="social", text="x", identity="i", version=3, event_time="2026-01-01T00:00:00Z"
    )
    found = Compared(identity="i", version=3, relevance=Relevance(relevant=False, kind="copies", evidence=["many"]))
    marked = compared_document(post_document(made), found)
    assert marked.body["feedback"]["relevance"]["kind"] == "copies"
    assert "relevance" not in compared_document(marked, Compared(identity="i", version=3)).body["feedback"]
    person = msgspec.structs.replace(made, relevance=Relevance(relevant=True, evidence=["a person says so"]))
    kept = compared_document(post_document(person), found)
    assert kept.body["feedback"]["relevance"]["relevant"] is True


def test_an_empty_list_of_doubts_stays_empty() -> None:
    made = EnrichedPost(
        id="1", source="s", channel="social", text="x", identity="i", version=3, event_time="2026-01-01T00:00:00Z"
    )
    document = post_document(made)
    assert document.body["feedback"]["authenticity"] == {"flags": []}
    assert compared_document(document, Compared(identity="i", version=3)).body == document.body
