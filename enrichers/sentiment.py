"""Sentiment of every span and of the post, by a reader of moods: the shipped heads or a model of the hub."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources.abc import Traversable
from itertools import zip_longest
from typing import Final, Protocol

import msgspec

from enrichers.base import Draft
from enrichers.scoring.combine import Part, combined, disagrees, sentiment
from enrichers.scoring.features import UNKNOWN, Reader, Utterance
from enrichers.scoring.heads import Scores, folder, load, softmax
from enrichers.scoring.said import main_language, span_said
from enrichers.scoring.text import has_words
from schemas.enriched import UNSCORED, EnrichedPost
from schemas.enriched import Sentiment as Mood

MAX_SPANS: Final = 512
"""Of one post that are scored; the rest of a longer one stays `unscored`, with a note."""


class MoodReader(Protocol):
    """Reads moods. What it says of an utterance does not depend on its neighbours. It may raise EngineError."""

    version: str

    def read(self, said: Sequence[Utterance]) -> list[Scores | None]:
        """Probabilities (3,) of negative, neutral and positive for each; None where it cannot be told."""
        ...

    def close(self) -> None:
        """Frees the model. Idempotent."""
        ...


class HeadReader:
    """The shipped linear heads over the words in their own language, their English and their vectors.

    An utterance with a vector is read by the head `full`, one without or in an unknown language by `words`. What holds
    no words and no emoji cannot be told, and neither can a language that the heads were not trained on unless its
    English or its own mood words, emoji or stars give evidence.
    """

    def __init__(self, reader: Reader | None = None, source: Traversable | None = None) -> None:
        card, self._heads = load(source or folder("sentiment"))
        self.version = f"{card.name}-{card.version}"
        self._languages = frozenset(card.languages)
        self._reader = reader or Reader()

    def read(self, said: Sequence[Utterance]) -> list[Scores | None]:
        return [self._probabilities(one) for one in said]

    def close(self) -> None:
        """Nothing to free."""

    def _probabilities(self, said: Utterance) -> Scores | None:
        reading = self._reader(said)
        if not has_words(said.text) and not reading.evidence:
            return None
        known = said.language in self._languages or (said.english is not None and said.language != UNKNOWN)
        if not known and not reading.evidence:
            return None
        head = self._heads["full" if known and said.vector is not None else "words"]
        return softmax(head.logits(reading.inputs))


class Sentiment:
    """The enricher `sentiment`: span sentiments, the post's `sentiment`, and `rating_disagrees`."""

    name = "sentiment"

    def __init__(self, reader: MoodReader | None = None) -> None:
        self._reader = reader or HeadReader()
        self.version = self._reader.version

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with sentiments; needs spans, and makes use of translations and `own_vectors` (n_spans, d).

        All of a batch is read at once, so that a model of the hub can fill its device.
        """
        said = [self._said(draft) for draft in drafts]
        moods = iter(self._reader.read([one for own in said for one in own]))
        return [_apply(draft, [next(moods) for _ in own]) for draft, own in zip(drafts, said, strict=True)]

    def close(self) -> None:
        self._reader.close()

    def _said(self, draft: Draft) -> list[Utterance]:
        """What is read of a post: every span, its title, and the whole of it where it has several parts.

        The whole carries what one sentence hands to the next.
        """
        post = draft.post
        said = [span_said(draft, index) for index in range(min(len(post.spans), MAX_SPANS))]
        if post.title:
            said.append(Utterance(post.title, main_language(post)))
        if len(said) > 1:
            english = post.translation.text if post.translation is not None else None
            said.append(Utterance(post.clean_text, main_language(post), english, draft.own_vector))
        return said


def _apply(draft: Draft, moods: list[Scores | None]) -> Draft:
    """The draft with the moods of what `Sentiment` asked about, in that order."""
    post = draft.post
    whole = moods.pop() if len(moods) > 1 else None
    spans = [
        msgspec.structs.replace(span, sentiment=UNSCORED if found is None else sentiment(found))
        for span, found in zip_longest(post.spans, moods[: min(len(post.spans), MAX_SPANS)])
    ]
    lengths = [span.end - span.start for span in post.spans[:MAX_SPANS]] + ([len(post.title)] if post.title else [])
    parts = [Part(found, length) for found, length in zip(moods, lengths, strict=True) if found is not None]
    mood: Mood = combined(parts, whole if len(parts) > 1 else None, titled=bool(post.title))
    scored = draft.with_post(spans=spans, sentiment=mood, rating_disagrees=disagrees(post.rating, mood))
    return scored.noted(f"sentiment: only the first {MAX_SPANS} spans are scored") if _too_many(post) else scored


def _too_many(post: EnrichedPost) -> bool:
    return len(post.spans) > MAX_SPANS
