"""The enricher `sentiment`: what it says of plain, negated, mixed and foreign words, and when it says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from enrichers.base import Draft
from enrichers.embed import Listen
from enrichers.engines.e5 import E5
from enrichers.scoring.combine import Part, combined, disagrees, rating_score
from enrichers.scoring.features import Utterance, load_lexicons
from enrichers.scoring.heads import CARD, WEIGHTS, folder, load
from enrichers.scoring.lexicon import mood, parse
from enrichers.scoring.marks import emoji, stars
from enrichers.scoring.ngrams import Hashing, hashed
from enrichers.scoring.text import has_words, words
from enrichers.sentiment import MAX_SPANS, HeadReader, Sentiment
from schemas.enriched import EnrichedPost, Span
from schemas.enriched import Sentiment as Mood
from schemas.errors import EngineError
from schemas.raw import Rating

pytestmark = pytest.mark.unit


def draft(text: str, language: str = "en", *, title: str | None = None, rating: Rating | None = None) -> Draft:
    """A post whose spans are its clauses."""
    spans = [
        Span(start=m.start(), end=m.end(), language=language, confidence=0.9)
        for m in re.finditer(r"[^.!?,\s][^.!?,]*[.!?,]*", text)
    ]
    return Draft(
        EnrichedPost(
            id="1",
            source="shop",
            channel="review",
            text=text,
            clean_text=text,
            identity="x",
            version=1,
            event_time="2026-01-01T00:00:00Z",
            title=title,
            rating=rating,
            languages=[language],
            spans=spans,
        )
    )


@pytest.fixture(scope="module")
def enricher() -> Sentiment:
    return Sentiment()


@pytest.fixture(scope="module")
def listen() -> Iterator[Listen]:
    made = Listen(E5())
    yield made
    made.close()


def scored(enricher: Sentiment, one: Draft) -> EnrichedPost:
    return enricher([one])[0].post


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love it, the best chair I have ever had", "positive"),
        ("It broke after one day and nobody answers", "negative"),
        ("not bad at all", "positive"),
        ("I would not recommend it", "negative"),
        ("I can't recommend it enough, thank you", "positive"),
        ("Never again, a complete waste of money", "negative"),
        ("The shop opens at nine on Tuesday", "neutral"),
    ],
)
def test_english_with_its_vector(enricher: Sentiment, listen: Listen, text: str, label: str) -> None:
    assert scored(enricher, listen([draft(text)])[0]).sentiment.label == label


@pytest.mark.parametrize(
    ("text", "language", "label"),
    [
        ("no está mal", "es", "positive"),
        ("No lo recomiendo", "es", "negative"),
        ("No me ha gustado nada", "es", "negative"),
        ("Nadie responde", "es", "negative"),
        ("niente male", "it", "positive"),
        ("Non mi è piaciuto per niente", "it", "negative"),
        ("Nada mal", "pt", "positive"),
        ("Não gostei nada", "pt", "negative"),
        ("pas mal du tout", "fr", "positive"),
        ("je n'ai pas aimé du tout", "fr", "negative"),
        ("Gar nicht schlecht", "de", "positive"),
        ("Das gefällt mir nicht", "de", "negative"),
        ("Het werkt niet, waardeloos", "nl", "negative"),
    ],
)
def test_the_original_alone_is_understood(enricher: Sentiment, text: str, language: str, label: str) -> None:
    """No translation and no vector: engines lose negation, so the original's own words must carry it."""
    assert scored(enricher, draft(text, language)).sentiment.label == label


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "und"),
        ("...", "und"),
        ("12345", "und"),
        ("https://example.org/a", "und"),
        ("Jag köpte den i tisdags", "sv"),
    ],
)
def test_what_cannot_be_told_is_unscored(enricher: Sentiment, text: str, language: str) -> None:
    post = scored(enricher, draft(text, language))
    assert post.sentiment.status == "unscored"
    assert (post.sentiment.label, post.sentiment.score, post.sentiment.confidence) == (None, None, None)
    assert all(span.sentiment is not None and span.sentiment.status == "unscored" for span in post.spans)


def test_a_language_nobody_trained_is_scored_by_its_emoji(enricher: Sentiment) -> None:
    assert scored(enricher, draft("Jag köpte den i tisdags 😡👎", "sv")).sentiment.label == "negative"
    assert scored(enricher, draft("👍👍", "und")).sentiment.label == "positive"


def test_a_mixed_post_has_two_moods_and_a_score_between_them(enricher: Sentiment, listen: Listen) -> None:
    post = scored(enricher, listen([draft("Lovely dress, late delivery")])[0])
    moods = [span.sentiment for span in post.spans]
    assert [mood.label for mood in moods if mood] == ["positive", "negative"]
    assert post.sentiment.score is not None
    assert abs(post.sentiment.score) < 0.3


def test_the_title_counts(enricher: Sentiment) -> None:
    plain = scored(enricher, draft("It came on Tuesday.")).sentiment
    titled = scored(enricher, draft("It came on Tuesday.", title="Terrible, never again")).sentiment
    assert plain.score is not None
    assert titled.score is not None
    assert titled.score < plain.score
    assert titled.label == "negative"


def test_five_stars_over_angry_words_disagree(enricher: Sentiment, listen: Listen) -> None:
    angry = draft("Terrible quality, it broke after one day and nobody answers.", rating=Rating(value=5))
    post = scored(enricher, listen([angry])[0])
    assert post.rating_disagrees is True
    assert scored(enricher, draft("It broke, awful.", rating=Rating(value=1))).rating_disagrees is False
    assert scored(enricher, draft("It broke, awful.")).rating_disagrees is None
    assert scored(enricher, draft("...", rating=Rating(value=1))).rating_disagrees is None


@pytest.mark.parametrize(
    ("rating", "score"),
    [
        (Rating(value=1), -1.0),
        (Rating(value=3), 0.0),
        (Rating(value=5), 1.0),
        (Rating(value=0), -1.0),
        (Rating(value=10, best=10), 1.0),
        (Rating(value=7), None),
        (Rating(value=float("nan")), None),
        (Rating(value=1, best=0), None),
        (None, None),
    ],
)
def test_rating_on_the_scale_of_scores(rating: Rating | None, score: float | None) -> None:
    assert rating_score(rating) == score


def test_a_lukewarm_text_disagrees_with_nothing() -> None:
    lukewarm = Mood(status="scored", label="negative", score=-0.1, confidence=0.45)
    assert disagrees(Rating(value=5), lukewarm) is False


def test_parts_weigh_by_length_and_by_how_much_they_say() -> None:
    bad, neutral, good = np.array([0.9, 0.08, 0.02]), np.array([0.05, 0.9, 0.05]), np.array([0.02, 0.08, 0.9])
    diluted = combined([Part(bad, 50), *[Part(neutral, 50)] * 3])
    assert diluted.score is not None
    assert diluted.score < -0.6
    long_bad = combined([Part(bad, 400), Part(good, 20)])
    assert long_bad.label == "negative"
    even = combined([Part(bad, 50), Part(good, 50)])
    assert (even.label, even.score) == ("neutral", 0.0)
    assert combined([]).status == "unscored"


def test_more_spans_than_are_scored_are_noted(enricher: Sentiment) -> None:
    one = enricher([draft("Bad. " * (MAX_SPANS + 5))])[0]
    assert len(one.post.spans) == MAX_SPANS + 5
    assert one.post.spans[-1].sentiment is not None
    assert one.post.spans[-1].sentiment.status == "unscored"
    assert any("512" in note for note in one.post.provenance.notes)


def test_weights_are_checked_against_their_card(tmp_path: Path) -> None:
    source = folder("sentiment")
    (tmp_path / CARD).write_bytes(source.joinpath(CARD).read_bytes())
    data = bytearray(source.joinpath(WEIGHTS).read_bytes())
    (tmp_path / WEIGHTS).write_bytes(data)
    assert load(tmp_path)[0].name == "vocero-sentiment"
    data[len(data) // 2] ^= 1
    (tmp_path / WEIGHTS).write_bytes(data)
    with pytest.raises(EngineError, match="damaged"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["sentiment", "intent"])
def test_weights_are_small(name: str) -> None:
    assert len(folder(name).joinpath(WEIGHTS).read_bytes()) < 2_000_000


LEXICON = parse("not not\nvery very\nslightly bit\nbut but\n2 good fine*\n-2 bad\n3 top_notch\n0 not_only\nafter 2")


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("good", 2.0, 0.0),
        ("not good", 0.0, 1.6),
        ("not bad", 1.0, 0.0),
        ("not. good", 2.0, 0.0),
        ("not only good", 2.0, 0.0),
        ("very good", 2.7, 0.0),
        ("a bit bad", 0.0, 1.2),
        ("fineness", 2.0, 0.0),
        ("top notch", 3.0, 0.0),
        ("top", 0.0, 0.0),
        ("good but bad", 1.2, 2.6),
        ("good is not", 0.0, 1.6),
        ("good it is not", 2.0, 0.0),  # beyond the reach of two words
        ("goooood", 2.0, 0.0),
    ],
)
def test_mood_words(text: str, good: float, bad: float) -> None:
    found = mood(words(text), LEXICON)
    assert (found.good, found.bad) == (pytest.approx(good), pytest.approx(bad))


def test_a_lexicon_says_which_line_is_wrong() -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse("2 good\nnice 3")


def test_shipped_lexicons_give_no_word_two_tasks() -> None:
    for lexicon in load_lexicons().by_language.values():
        assert not set(lexicon.exact) & set(lexicon.marks)


def test_stars_and_emoji() -> None:
    assert stars("4/5") == pytest.approx(0.6)
    assert stars("5 estrellas") == 1.0
    assert stars("one star") == pytest.approx(-0.6)
    assert stars("7/5") is None
    assert stars("open 24/7") is None
    assert emoji("❤️ :) 😡") == (2, 1, 0)


def test_ngrams_are_distinct_sorted_and_stable() -> None:
    buckets, weight = hashed(words("Muy malo, muy malo"), Hashing())
    assert list(buckets) == sorted(set(buckets))
    assert weight == pytest.approx(len(buckets) ** -0.5)
    again, _ = hashed(words("MUY MALO muy malo"), Hashing())
    assert list(buckets) == list(again)
    other, _ = hashed(words("malo muy"), Hashing())
    assert set(other) != set(buckets)
    assert len(hashed(words(""), Hashing())[0]) == 0


def test_marks_of_redaction_are_no_words() -> None:
    assert not has_words("[EMAIL] https://example.org @name")
    assert has_words("[EMAIL] ok")


def test_unknown_language_is_read_with_every_lexicon() -> None:
    found, unknown = HeadReader().read([Utterance("Pésimo!!"), Utterance("Xyzzy", "und")])
    assert found is not None
    assert found.argmax() == 0
    assert unknown is None
