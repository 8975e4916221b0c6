"""Sentiment of every span and of the post, from the words in their own language, their English and their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from enrichers.base import Draft
from enrichers.scoring.combine import Part, combined, disagrees, sentiment
from enrichers.scoring.features import UNKNOWN, Lexicons, Utterance, load_lexicons, read
from enrichers.scoring.heads import Scores, folder, load, softmax
from enrichers.scoring.ngrams import Hashing
from enrichers.scoring.text import has_words
from schemas.enriched import UNSCORED, EnrichedPost, Span
from schemas.enriched import Sentiment as Mood
from schemas.vectors import Vector

MAX_SPANS: Final = 512
"""Of one post that are scored; the rest of a longer one stays `unscored`, with a note."""


class Sentiment:
    """The enricher `sentiment`: span sentiments, the post's `sentiment`, and `rating_disagrees`.

    A span with a vector is read by the head `full`, one without by `words`. What holds no words and no emoji is
    `unscored`, and so is a language that the heads were not trained on unless its English or its own mood words,
    emoji or stars give evidence.
    """

    name = "sentiment"

    def __init__(self, lexicons: Lexicons | None = None) -> None:
        card, self._heads = load(folder("sentiment"))
        self.version = f"{card.name}-{card.version}"
        self._languages = frozenset(card.languages)
        self._lexicons = lexicons or load_lexicons()
        self._hashing = Hashing()

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with sentiments; needs spans, and makes use of translations and `vectors` (n_spans, d)."""
        return [self._apply(draft) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def probabilities(self, said: Utterance) -> Scores | None:
        """Of negative, neutral, positive, shape (3,); None where it cannot be told."""
        reading = read(said, self._lexicons, self._hashing)
        if not has_words(said.text) and not reading.evidence:
            return None
        known = said.language in self._languages or (said.english is not None and said.language != UNKNOWN)
        if not known and not reading.evidence:
            return None
        head = self._heads["full" if said.vector is not None else "words"]
        return softmax(head.logits(reading.inputs))

    def _apply(self, draft: Draft) -> Draft:
        post = draft.post
        parts: list[Part] = []
        spans: list[Span] = []
        for index, span in enumerate(post.spans):
            found = self.probabilities(_said(post, span, _row(draft, index))) if index < MAX_SPANS else None
            if found is not None:
                parts.append(Part(found, span.end - span.start))
            spans.append(msgspec.structs.replace(span, sentiment=UNSCORED if found is None else sentiment(found)))
        if post.title:
            found = self.probabilities(Utterance(post.title, _language(post)))
            if found is not None:
                parts.append(Part(found, len(post.title)))
        mood: Mood = combined(parts, self._whole(draft) if len(parts) > 1 else None)
        scored = draft.with_post(spans=spans, sentiment=mood, rating_disagrees=disagrees(post.rating, mood))
        return scored.noted(f"sentiment: only the first {MAX_SPANS} spans are scored") if _too_many(post) else scored

    def _whole(self, draft: Draft) -> Scores | None:
        """The post read at once: it carries what one sentence hands to the next."""
        post = draft.post
        english = post.translation.text if post.translation is not None else None
        return self.probabilities(Utterance(post.clean_text, _language(post), english, draft.vector))


def _said(post: EnrichedPost, span: Span, vector: Vector | None) -> Utterance:
    english = span.translation.text if span.translation is not None else None
    return Utterance(post.clean_text[span.start : span.end], span.language, english, vector)


def _row(draft: Draft, index: int) -> Vector | None:
    """The span's vector; None where there is none or where it says nothing (zeros)."""
    if draft.vectors is None or not draft.vectors[index].any():
        return None
    row: Vector = draft.vectors[index]
    return row


def _language(post: EnrichedPost) -> str:
    return post.languages[0] if post.languages else post.language or UNKNOWN


def _too_many(post: EnrichedPost) -> bool:
    return len(post.spans) > MAX_SPANS
