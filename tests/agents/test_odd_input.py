"""Odd and hostile records through the real stages and models: each is a dead letter or a post, and none stops anything.

After each of them comes a good post, which must be indexed. Processor time is held down: a step that is quadratic in
100 kB would take minutes.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from enrichers.base import Draft
from enrichers.scoring.topic_model import TopicModel
from schemas.dead_letters import DeadLetter
from schemas.identity import identity
from sinks.base import Query
from sinks.memory import MemorySink
from streams import embedded
from streams.broker.embedded import PARTITIONS
from streams.embedded import Outcome, Parcel, play
from streams.settings import load_settings
from streams.topics import Topics
from streams.wiring import build_chain

pytestmark = [pytest.mark.agents, pytest.mark.timeout(900)]

ADDRESS, PHONE = "zoe.quill@correo.example", "+34 612 345 678"
SECRETS = (ADDRESS, "zoe.quill", PHONE, PHONE.replace(" ", ""), "612 345 678", "612345678")
PERSON = f"Write to {ADDRESS} or call {PHONE}."
K = 100_000
SECONDS_A_BATCH = 60.0
"""Of processor time, on all threads of the process; the worst of these takes 3, and several may share a batch."""
REFUSED_AFTER_ENRICHING = 4
"""Mails that cannot be read go through the enrichers before they are refused."""


@dataclass(frozen=True)
class Case:
    """One odd record. `reason` None: it becomes a post, on which `holds` is true."""

    value: bytes | None
    reason: str | None = None
    holds: Callable[[dict[str, Any]], bool] = lambda post: True
    key: bytes | None = b"odd"
    headers: dict[str, bytes] = field(default_factory=dict)


def record(text: str = PERSON, **fields: Any) -> bytes:
    post = {"id": "odd", "source": "shop", "channel": "review", "text": text, "created_at": "2026-03-01T10:00:00Z"}
    return json.dumps({name: value for name, value in {**post, **fields}.items() if value is not ...}).encode()


def clean(text: str, holds: Callable[[dict[str, Any]], bool] = lambda post: True, **fields: Any) -> Case:
    """A text that becomes a post."""
    return Case(record(text, **fields), holds=holds)


def same(text: str) -> Case:
    """A text without personal data stays as it was written."""
    return clean(text, lambda post: post["text"] == text)


def noted(words: str) -> Callable[[dict[str, Any]], bool]:
    return lambda post: any(words in note for note in post["provenance"]["notes"])


def bomb(parts: int) -> str:
    header = f"From: Zoe <{ADDRESS}>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    return header + "--b\n\nx\n" * parts + "--b--\n"


def nested(levels: int) -> str:
    inner = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(levels))
    return f"From: Zoe <{ADDRESS}>\nMIME-Version: 1.0\n{inner}\nCall {PHONE}\n"


def value_with(raw: str) -> bytes:
    """A record with `raw` put into its JSON as it stands."""
    return record()[:-1] + b", " + raw.encode() + b"}"


def redacted(post: dict[str, Any]) -> bool:
    return "[EMAIL]" in post["text"] and "[PHONE]" in post["text"]


def unrated(post: dict[str, Any]) -> bool:
    return "rating_disagrees" not in post


def arrival(post: dict[str, Any]) -> bool:
    return post["event_time"][:4] not in {"9999", "0001"} and noted("arrival time")(post)


CASES: dict[str, Case] = {
    # what is no JSON, or no object
    "200,000-deep arrays": Case(value_with('"labels": {"a": ' + "[" * 200_000 + "]" * 200_000 + "}"), "too-deep"),
    "190,000-deep objects": Case(('{"a":' * 190_000).encode(), "too-deep"),
    "more than Kafka takes": Case(record("word " * 250_000), "refused"),
    "invalid UTF-8": Case(record().replace(b"Write", b"Wr\xff\xfe"), "not-utf8"),
    "UTF-16": Case(record().decode().encode("utf-16"), "not-utf8"),
    "NUL": Case(record().replace(b"Write", b"Wr\0ite"), "not-json"),
    "NUL in JSON's own way": clean(f"Wr\0ite. {PERSON}", redacted),
    "a lone surrogate": Case(record().replace(b"Write", b"\\ud800"), "not-utf8"),
    "surrogates the wrong way round": Case(record().replace(b"Write", b"\\udc00\\ud83d"), "not-utf8"),
    "NaN": Case(value_with('"likes": NaN'), "not-json"),
    "Infinity": Case(value_with('"rating": {"value": -Infinity}'), "not-json"),
    "1e999": Case(value_with('"rating": {"value": 1e999}'), "not-json"),
    "a 5,000-digit number": Case(value_with('"likes": ' + "9" * 5_000), "not-json"),
    "a 5,000-digit number in an unknown field": Case(value_with('"mass": ' + "9" * 5_000), "not-json"),
    "empty": Case(b"", "not-json"),
    "an array": Case(b"[" + record() + b"]", "not-an-object"),
    "null itself": Case(b"null", "not-an-object"),
    "two objects": Case(record() + record(), "not-json"),
    "half of one": Case(record()[:-5], "not-json"),
    "escapes hide the person": Case(
        record(f"Tel:\n{PHONE}\u00a0{ADDRESS}", channel="pigeon").replace(b"@", b"\\u0040"), "unknown-channel"
    ),
    # fields
    "id null": Case(record(id=None), "missing-field"),
    "id missing": Case(record(id=...), "missing-field"),
    "id empty": Case(record(id=""), "bad-value"),
    "id a number": Case(record(id=7_000_001), holds=lambda post: post["id"] == "7000001"),
    "id a fraction": Case(record(id=1.5), "wrong-type"),
    "id of 100 kB": Case(record(id="i" * K), holds=lambda post: len(post["id"]) == K),
    "no text": Case(record(text=...), "missing-field"),  # type: ignore[arg-type]
    "text a number": Case(record(text=7), "wrong-type"),  # type: ignore[arg-type]
    "an unknown channel": Case(record(channel="pigeon"), "unknown-channel"),
    "a channel of 100 kB": Case(record(channel="c" * K), "unknown-channel"),
    "unknown fields": clean(
        PERSON,
        lambda post: post["labels"] == {"kind": "relabel", "sentiment": {"label": "positive"}, "mail": "[EMAIL]"},
        kind="relabel",
        sentiment={"label": "positive"},
        mail=ADDRESS,
    ),
    "10,000 unknown fields": clean(
        PERSON, lambda post: len(post["labels"]) == 10_000, **{f"field {number}": number for number in range(10_000)}
    ),
    "an author that is no object": Case(record(author=f"Zoe <{ADDRESS}>"), "wrong-type"),
    "a role that is none": Case(record(author={"role": f"o'{ADDRESS}"}), "bad-value"),
    "a content type that is none": Case(record(content_type=f"o'{ADDRESS}"), "bad-value"),
    "a brand, a place and a product of 100 kB": clean(
        PERSON, lambda post: len(post["place"]) == K, brand="b" * K, place="p" * K, product="q" * K
    ),
    "10^18 likes": clean("Terrible, broken.", lambda post: 0 <= post["severity"]["score"] <= 1, likes=10**18),
    "2^63 likes": Case(record(likes=2**63), "bad-value"),
    "10^30 likes": Case(record(likes=10**30), "bad-value"),
    "negative likes": clean(
        "Terrible, broken.", lambda post: 0 <= post["severity"]["score"] <= 1, likes=-5, author={"followers": -(10**18)}
    ),
    "a rating out of 0": clean(PERSON, unrated, rating={"value": 5, "best": 0}),
    "a rating out of -5": clean(PERSON, unrated, rating={"value": 5, "best": -5}),
    "a rating of -3 out of 5": clean(
        PERSON, lambda post: unrated(post) and post["rating"]["value"] == -3, rating={"value": -3}
    ),
    "10^18 followers": clean(
        "Terrible, broken.",
        lambda post: 0 < post["severity"]["score"] <= 1 and post["author"]["followers"] == 10**18,
        author={"handle": "@far", "followers": 10**18},
    ),
    "a post that answers itself": clean(
        PERSON, lambda post: post["in_reply_to"] == "odd", in_reply_to="odd", thread_id="odd"
    ),
    "a rating of 1e308 out of 1e-308": clean(PERSON, rating={"value": 1e308, "best": 1e-308}),
    # times
    "the year 9999": clean(PERSON, arrival, created_at="9999-12-31T23:59:59Z", updated_at="9999-12-31T23:59:59Z"),
    "the year 1": clean(
        PERSON, arrival, created_at="0001-01-01T00:00:00+14:00", updated_at="0001-01-01T00:00:00+14:00"
    ),
    "no zone": clean(PERSON, noted("no zone"), created_at="2026-03-01T10:00:00"),
    "no time at all": clean(PERSON, noted("no RFC 3339 time"), created_at=f"yesterday, says {ADDRESS}"[:9]),
    "a time of 100 kB": clean(PERSON, arrival, created_at="1" * K),
    # texts
    "an empty text": clean("", lambda post: post["sentiment"]["status"] == "unscored"),
    "only whitespace": clean(" \t\r\n\u3000" * (K // 5), lambda post: post.get("clean_text", "") == ""),
    "800 kB of one letter": clean("a" * 800_000, noted("only the first")),
    "400 kB of words": clean("palabra rota y nada " * 20_000, noted("only the first")),
    "1,000-character tokens": same(" ".join("abcdefghij" * 100 for _ in range(100))),
    "100 kB of @": same("@" * K),
    "100 kB of digits": same("7" * K),
    "100 kB of digits and blanks": clean("7 " * (K // 2)),
    "100 kB of <": same("<" * K),
    "100 kB of < as HTML": clean("<" * K, content_type="text/html"),
    "100 kB of open links": clean('<a href="x' * (K // 10), content_type="text/html"),
    "20,000-deep HTML": clean("<div>" * 20_000 + PERSON, redacted, content_type="text/html"),
    "100 kB of emoji": same("\U0001f600" * (K // 4)),
    "100 kB of one Arabic letter": same("م" * (K // 2)),
    "bidi overrides": clean(
        f"\u202e{PERSON}\u2066 " * 20,
        lambda post: redacted(post) and "\u202e" in post["text"] and "\u202e" not in post["clean_text"],
    ),
    "100 kB of bidi overrides": same("\u202e\u2066" * (K // 6)),
    "100 kB of accents on one letter": same("a" + "\u0301" * (K // 2)),
    "100 kB of backslashes": same("\\" * K),
    "100 kB of quoted lines": clean("> a\n" * (K // 4), channel="email"),
    # mails
    "a MIME bomb": Case(record(bomb(85_000), content_type="message/rfc822", channel="email"), "bad-mail"),
    "1,500 levels of MIME": Case(record(nested(1_500), content_type="message/rfc822", channel="email"), "bad-mail"),
    "no mail at all": Case(record(PERSON, content_type="message/rfc822", channel="email"), "bad-mail"),
    "an empty mail": Case(record("", content_type="message/rfc822", channel="email"), "bad-mail"),
    # records
    "no key": Case(record(), holds=redacted, key=None),
    "an empty key": Case(record(), holds=redacted, key=b""),
    "a key of 100 kB": Case(record(), holds=redacted, key=b"k" * K),
    "a tombstone": Case(None, "tombstone"),
    "a tombstone without a key": Case(None, "tombstone", key=None),
    "hostile headers": Case(
        record(created_at=None),
        holds=lambda post: redacted(post) and post["provenance"]["raw"]["topic"].startswith("feedback.raw."),
        headers={
            "vocero_raw": "a/\N{SUPERSCRIPT TWO}/1".encode(),
            "vocero_version": "\N{SUPERSCRIPT TWO}".encode(),
            "ce_time": b"never" * 20_000,
            "ce_id": b"\xff\xfe",
            "ce_source": b"s" * K,
            "content-type": b"\0",
            "": b"nameless",
            "__connect.errors.topic": b"elsewhere",
        },
    ),
    "hostile headers on what is no JSON": Case(
        b"{", "not-json", headers={"vocero_raw": b"a/1/" + b"9" * 5_000, "vocero_version": b"9" * 5_000}
    ),
    "a thousand headers": Case(record(), holds=redacted, headers={f"h{number}": b"v" for number in range(1_000)}),
}


class Timed:
    """The real chain, with the processor time that its slowest batch took."""

    def __init__(self, model: Callable[[], TopicModel]) -> None:
        settings = load_settings(environ={"VOCERO_MODEL_THREADS": "1"})
        self.chain = build_chain(settings, model)
        self.enrichers = self.chain.enrichers

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        started = time.process_time()
        enriched = self.chain(drafts)
        if drafts:
            SPENT.append((time.process_time() - started, [draft.post.source for draft in drafts]))
        return enriched

    def close(self) -> None:
        self.chain.close()


SPENT: list[tuple[float, list[str]]] = []


@dataclass(frozen=True)
class Played:
    """What became of the story."""

    outcome: Outcome
    posts: dict[str, dict[str, Any]]
    letters: dict[str, DeadLetter]
    everything: str
    said: str


def source_of(name: str) -> str:
    """Each case has a shop of its own, so that its document can be told from the others'."""
    return f"shop-{list(CASES).index(name)}"


def told(topics: Topics) -> Iterator[Parcel]:
    for name, case in CASES.items():
        value = case.value
        if value is not None:
            value = value.replace(b'"source": "shop"', f'"source": "{source_of(name)}"'.encode())
        topic = topics.raw["email" if value is not None and b'"channel": "email"' in value else "review"]
        yield Parcel(topic, case.key, value, case.headers)  # type: ignore[arg-type]
        good = record("The parcel came late.", id="good", source=source_of(name))
        yield Parcel(topic, case.key, good, {})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    state = tmp_path_factory.mktemp("state")
    settings = load_settings(environ={"VOCERO_STATE_DIR": str(state), "VOCERO_STORE": "memory"})
    sink = MemorySink()
    letters: dict[str, DeadLetter] = {}
    surroundings: list[str] = []
    lines: list[str] = []

    class Watched(embedded.EmbeddedBroker):
        def close(self) -> None:
            for message in _read(self.address, settings.topic_prefix):
                letter = msgspec.json.decode(message.value() or b"", type=DeadLetter)
                letters[letter.sha256] = letter
                surroundings.append(f"{message.value()!r} {message.headers()!r} {message.key()!r}")
            super().close()

    class Lines(logging.Handler):
        def emit(self, line: logging.LogRecord) -> None:
            lines.append(f"{line.getMessage()} {line.exc_info}")

    handler, root = Lines(), logging.getLogger()
    before = root.level
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(embedded, "EmbeddedBroker", Watched)
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        for ours in ("streams", "enrichers", "sinks", "schemas"):
            logging.getLogger(ours).setLevel(logging.DEBUG)
        try:
            outcome = play(settings, told, under_way=12, sink=lambda: sink, chain=partial(Timed))
        finally:
            root.removeHandler(handler)
            root.setLevel(before)
            for ours in ("streams", "enrichers", "sinks", "schemas"):
                logging.getLogger(ours).setLevel(logging.NOTSET)
    found = sink.search(Query(limit=10_000)).documents
    posts = {f"{one.body['feedback']['source']}/{one.id}": one.body["feedback"] for one in found}
    kinds = [sink.search(Query(kind=kind, limit=10_000)).documents for kind in ("posts", "cases", "alerts", "topics")]
    everything = "\n".join(
        [*surroundings, *(json.dumps(one.body, ensure_ascii=False) for hits in kinds for one in hits)]
    )
    return Played(outcome, posts, letters, everything, "\n".join(lines))


def _read(address: str, prefix: str) -> Iterator[Any]:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "watch", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(f"{prefix}.dead-letters", number, 0) for number in range(PARTITIONS)])
    silent = 0
    while silent < 30:
        message = consumer.poll(0.1)
        silent = silent + 1 if message is None else 0
        if message is not None and message.error() is None:
            yield message
    consumer.close()


def value_of(name: str) -> bytes:
    value = CASES[name].value or b""
    return value.replace(b'"source": "shop"', f'"source": "{source_of(name)}"'.encode())


def posts_of(name: str, played: Played) -> dict[str, dict[str, Any]]:
    """The documents of a case's shop by the post's id."""
    own = f"{source_of(name)}/"
    return {post["id"]: post for key, post in played.posts.items() if key.startswith(own)}


def test_nothing_is_lost_and_the_worker_goes_on_to_the_end(played: Played) -> None:
    tombstones = sum(case.value is None for case in CASES.values())
    assert played.outcome.complete, played.outcome
    assert played.outcome.sent == 2 * len(CASES)
    assert played.outcome.refused == sum(case.reason == "refused" for case in CASES.values())
    taken = played.outcome.sent - played.outcome.refused
    assert taken == len(played.posts) + played.outcome.dead_letters + tombstones
    assert played.outcome.dead_letters == len(played.letters)
    assert played.outcome.settled["enrich"] == taken


@pytest.mark.parametrize("name", CASES)
def test_each_is_a_post_or_a_dead_letter_with_its_reason(name: str, played: Played) -> None:
    import hashlib

    case = CASES[name]
    posts = {key: post for key, post in posts_of(name, played).items() if key != "good"}
    letter = played.letters.get(hashlib.sha256(value_of(name)).hexdigest())
    if case.reason in {"tombstone", "refused"}:
        assert not posts
        assert case.value is None or letter is None
        return
    if case.reason is not None:
        assert not posts
        assert letter is not None, "no dead letter"
        assert (letter.reason, letter.stage) == (case.reason, "enrich")
        return
    assert letter is None, letter
    (post,) = posts.values()
    assert post["provenance"].get("failed", {}) == {}
    assert case.holds(post), {key: str(value)[:300] for key, value in post.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_good_post_after_each_is_indexed(name: str, played: Played) -> None:
    good = posts_of(name, played)["good"]
    assert good["sentiment"]["status"] == "scored"
    assert good["identity"] == identity("review", source_of(name), "good")


def test_no_batch_takes_long(played: Played) -> None:
    assert played.outcome.complete
    assert sum(len(sources) for _, sources in SPENT) == len(played.posts) + REFUSED_AFTER_ENRICHING
    assert max(SPENT)[0] < SECONDS_A_BATCH, max(SPENT)


@pytest.mark.parametrize("secret", SECRETS)
def test_nobody_is_shown_by_what_leaves_or_is_logged(secret: str, played: Played) -> None:
    assert played.said, "nothing was logged: the capture does not work"
    for shown in (played.everything, played.said):
        at = shown.find(secret)
        assert at < 0, shown[max(0, at - 200) : at + 100]
