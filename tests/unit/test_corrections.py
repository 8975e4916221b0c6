"""A person's word on a post: it wins, it survives, it can be taken back, and it becomes an example."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from enrichers.base import Draft
from enrichers.severity import Severity
from schemas.cases import CaseCommand
from schemas.codec import encode
from schemas.enriched import Correction, EnrichedPost, Intent, Relabel, Sentiment, TopicRef
from schemas.errors import StoreError
from schemas.identity import identity
from sinks.base import Query
from sinks.documents import post_document, post_of
from sinks.memory import MemorySink
from sinks.sqlite import SQLiteSink
from streams.cases.correcting import correction_of, find_post
from streams.cases.corrections import corrected, merged, uncorrected, words_of
from streams.cases.known import KnownCorrections
from streams.cli.correct import command as correct_command
from streams.records import Record
from streams.settings import load_settings
from streams.stages.index import IndexStage
from streams.topics import topics_of

pytestmark = pytest.mark.unit
TOPICS = topics_of(load_settings(environ={}))
POST = Severity()(
    [
        Draft(
            post=EnrichedPost(
                id="1",
                source="shop",
                channel="review",
                text="Ganz große Klasse, wieder drei Wochen gewartet",
                clean_text="Ganz große Klasse, wieder drei Wochen gewartet",
                identity=identity("review", "shop", "1"),
                version=1000,
                event_time="2026-04-01T10:00:00.000Z",
                language="nl",
                languages=["nl"],
                sentiment=Sentiment(status="scored", label="positive", score=0.7, confidence=0.8),
                intents=[Intent(label="praise", confidence=0.9)],
                topics=[TopicRef(status="assigned", id="t1", label="dress")],
            )
        )
    ]
)[0].post


def order(post: EnrichedPost = POST, number: int = 1, **fields: Any) -> CaseCommand:
    return replace(correction_of(post, fields, "ana", "irony"), id=f"c{number}")


def said(post: EnrichedPost = POST, **fields: Any) -> Correction:
    return merged(None, order(post, **fields))


def test_a_persons_word_wins_and_what_the_models_said_stays_beside_it() -> None:
    topics = [{"status": "assigned", "id": "t2", "label": "late delivery"}]
    word = said(sentiment="negative", intents=["complaint"], language="de", topics=topics, relevant=True)
    post = corrected(POST, word, Severity())
    assert post.sentiment == Sentiment(status="scored", label="negative", score=-0.5, confidence=1.0)
    assert [intent.label for intent in post.intents] == ["complaint"]
    assert (post.language, post.languages, post.topics[0].id) == ("de", ["de"], "t2")
    assert post.severity is not None
    assert post.severity.negativity > 0
    assert post.correction is not None
    assert post.correction.model["sentiment"]["label"] == "positive"
    assert set(post.correction.fields) == {"sentiment", "intents", "topics", "language", "relevant"}
    assert (post.text, post.clean_text) == (POST.text, POST.clean_text)
    assert uncorrected(post) == POST
    assert post_of(post_document(post)) == post


def test_the_newest_word_on_a_field_counts_and_a_repeat_changes_nothing() -> None:
    first = merged(None, order(number=1, sentiment="negative"))
    second = merged(first, order(number=2, intents=["question"]))
    third = merged(second, order(number=3, sentiment="neutral"))
    assert (third.sentiment, third.intents, third.step) == ("neutral", ["question"], 3)
    assert merged(third, order(number=2, intents=["question"])) is third
    once = corrected(POST, first, Severity())
    assert corrected(once, third, Severity()) == corrected(POST, third, Severity())
    taken_back = merged(third, order(number=4))
    assert taken_back.undone
    assert corrected(once, taken_back, Severity()) == POST


def test_it_holds_for_the_words_that_the_person_saw() -> None:
    word = said(sentiment="negative")
    edited = replace(POST, version=2000, clean_text="It came the next day, thank you")
    assert corrected(edited, word, Severity()) is edited
    sent_again = replace(POST, version=2000)
    assert corrected(sent_again, word, Severity()).sentiment.label == "negative"
    assert words_of(edited) != words_of(POST)


def test_every_enrichment_after_it_keeps_it() -> None:
    known = KnownCorrections({}, "corrections")
    known.apply([(POST.identity.encode(), encode(said(sentiment="negative"))), (b"x", b"not ours"), (b"y", None)])
    other = replace(POST, identity="f" * 64)
    first, second = known([Draft(post=POST), Draft(post=other)])
    assert first.post.sentiment.label == "negative"
    assert second.post is other
    known.apply([(POST.identity.encode(), encode(merged(said(sentiment="negative"), order(number=9))))])
    assert known([Draft(post=POST)])[0].post is POST


async def indexed(sink: MemorySink, *values: EnrichedPost | Relabel) -> None:
    stage = IndexStage(TOPICS, lambda: sink)
    await stage.open()
    records = [Record(TOPICS.enriched, 0, n, None, encode(value), 0) for n, value in enumerate(values)]
    assert await stage.process(records) == []


async def test_the_index_applies_it_and_the_model_cannot_take_it_back() -> None:
    sink = MemorySink()
    topics = [TopicRef(status="assigned", id="t2", label="late delivery")]
    word = said(topics=msgspec.to_builtins(topics), sentiment="negative")
    learned = Relabel(identity=POST.identity, version=1000, topics=[TopicRef(status="assigned", id="t9", label="x")])
    # both in one batch, and the model's word after the person's
    await indexed(sink, POST, Relabel(identity=POST.identity, version=1000, correction=word), learned)
    (document,) = sink.get("posts", [POST.identity])
    assert document is not None
    post = post_of(document)
    assert [topic.id for topic in post.topics] == ["t2"]
    assert post.sentiment.label == "negative"
    assert document.version == 1000
    assert sink.count("posts", Query(corrected="topics")) == sink.count("posts", Query(sentiment="negative")) == 1
    await indexed(sink, Relabel(identity=POST.identity, version=1000, correction=merged(word, order(number=7))))
    (document,) = sink.get("posts", [POST.identity])
    assert document is not None
    assert post_of(document) == POST


async def test_a_correction_of_a_post_that_is_not_stored_or_not_readable_stops_nothing() -> None:
    sink = MemorySink()
    await indexed(sink, Relabel(identity="e" * 64, version=1, correction=said(sentiment="neutral")))
    broken = post_document(POST)
    broken.body["feedback"]["spans"] = "of another schema"
    sink.write([broken])
    await indexed(sink, Relabel(identity=POST.identity, version=1000, correction=said(sentiment="neutral")))
    assert sink.get("posts", [POST.identity]) == [broken]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "v.sqlite"
    sink = SQLiteSink(path)
    sink.open()
    other = replace(POST, identity="f" * 64, id="2")
    sink.write([post_document(corrected(POST, said(sentiment="negative"), Severity())), post_document(other)])
    assert find_post(sink, POST.identity[:10]).identity == POST.identity
    for start in ("ffff", "0" * 20):
        with pytest.raises(StoreError):
            find_post(sink, start)
    sink.close()
    return path


def run(store: Path, words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VOCERO_SQLITE_PATH", str(store))
    return CliRunner().invoke(correct_command, list(words))


def test_corrections_are_exported_as_labelled_examples(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(store, ["export"], monkeypatch)
    assert result.exit_code == 0
    (line,) = [json.loads(text) for text in result.stdout.splitlines()]
    assert (line["text"], line["sentiment"], line["language"]) == (POST.clean_text, "negative", "nl")
    assert (line["intents"], line["corrected"], line["split"]) == (["praise"], ["sentiment"], "train")
    labelled = Path(__file__).parents[2] / "benchmarks" / "feedback" / "en.jsonl"
    wanted = json.loads(labelled.read_text(encoding="utf-8").splitlines()[0])
    assert set(wanted) <= set(line)


@pytest.mark.parametrize(
    "words", [[], ["--relevant", "--not-relevant"], ["--language", "Deutsch!"], ["--sentiment", "angry"]]
)
def test_a_word_that_says_nothing_or_too_much_is_misuse(
    store: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    assert run(store, [POST.identity, "--actor", "ana", *words], monkeypatch).exit_code == 2


async def test_a_post_that_was_being_enriched_while_it_was_corrected_keeps_the_correction() -> None:
    """`enrich` had not seen the correction, and sent the post after `index` had been told of it."""
    sink = MemorySink()
    known = KnownCorrections({}, TOPICS.corrections)
    stage = IndexStage(TOPICS, lambda: sink, corrections=known)
    await stage.open()

    async def come(*values: Any) -> Any:
        await stage.process([Record(TOPICS.enriched, 0, n, None, encode(one), 1) for n, one in enumerate(values)])
        return sink.get("posts", [POST.identity])[0].body["feedback"]

    await come(POST)
    word = said(sentiment="negative", relevant=False)
    told = await come(Relabel(identity=POST.identity, version=1000, correction=word))
    assert told["sentiment"]["label"] == "negative"
    after = await come(POST)
    assert (after["sentiment"]["label"], after["relevance"]["relevant"]) == ("negative", False)
    assert after["correction"]["model"]["sentiment"]["label"] == "positive"
    undone = replace(word, step=2, undone=True, sentiment=None, relevant=None)
    assert "correction" not in await come(Relabel(identity=POST.identity, version=1000, correction=undone))
    known.note(word)  # an older word, delivered again
    assert (await come(replace(POST, version=1001, text="another"))).get("correction") is None
