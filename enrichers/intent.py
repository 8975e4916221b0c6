"""What a post wants: complaint, suggestion, question, praise, several at once, or other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, get_args

import numpy as np

from enrichers.base import Draft
from enrichers.scoring.cues import Cues, load_cues
from enrichers.scoring.features import UNKNOWN, Reader, Utterance
from enrichers.scoring.heads import Inputs, Scores, folder, load, sigmoid
from enrichers.scoring.said import main_language, span_said
from enrichers.scoring.text import has_words
from schemas.enriched import EnrichedPost, IntentLabel
from schemas.enriched import Intent as Wanted

LABELS: Final[tuple[IntentLabel, ...]] = get_args(IntentLabel)[:-1]
"""complaint, suggestion, question, praise: each has a probability of its own; `other` is what is left."""

THRESHOLD: Final = 0.5
MAX_SPANS: Final = 128
"""Of one post that are read by themselves."""
_CLEAR = 0.6
_ONE_SIDED = 0.5
"""From this score on a post that holds no sentence of the other mood is not taken for praise and complaint at once."""
_OF_A_SENTENCE = (LABELS.index("suggestion"), LABELS.index("question"))
_ASKING = (0, 1, 4, 5)  # the cues of questions and suggestions, in the original and in the English
_OTHER = Wanted(label="other", confidence=1.0)


class Intent:
    """The enricher `intent`: the labels whose probability reaches the threshold, the likeliest first, else `other`.

    A company's own reply wants nothing: `other`. So does a post without words, and one in a language that the heads
    were not fitted on which has neither English nor a mood word, emoji, star or turn of phrase that is known.
    """

    name = "intent"

    def __init__(self, reader: Reader | None = None) -> None:
        card, self._heads = load(folder("intent"))
        self.version = f"{card.name}-{card.version}"
        self._languages = frozenset(card.languages)
        self._reader = reader or Reader()
        self._cues = load_cues()

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `intents`; makes use of the translation, of sentiments and of `own_vector` (d,)."""
        return [draft.with_post(intents=self._intents(draft)) for draft in drafts]

    def close(self) -> None:
        """Nothing to free."""

    def probabilities(self, said: Utterance) -> Scores:
        """One per label of `LABELS`, shape (4,)."""
        head = self._heads["full" if said.vector is not None and self._knows(said) else "words"]
        return sigmoid(head.logits(inputs(said, self._reader, self._cues)))

    def _intents(self, draft: Draft) -> list[Wanted]:
        post = draft.post
        if post.author is not None and post.author.role == "company":
            return [_OTHER]
        said = _said(draft)
        if not has_words(said.text) or not (self._knows(said) or self._shows(said)):
            return [_OTHER]
        found = one_sided(post, self._with_sentences(draft, self.probabilities(said)))
        wanted = [
            Wanted(label=LABELS[i], confidence=round(float(found[i]), 4))
            for i in np.argsort(-found, kind="stable")
            if found[i] >= THRESHOLD
        ]
        return wanted or [Wanted(label="other", confidence=round(float(np.prod(1 - found)), 4))]

    def _knows(self, said: Utterance) -> bool:
        return said.language in self._languages or (said.english is not None and said.language != UNKNOWN)

    def _shows(self, said: Utterance) -> bool:
        return self._reader(said).evidence > 0 or any(self._cues.features(said.text, said.english))

    def _with_sentences(self, draft: Draft, found: Scores) -> Scores:
        """Raises what one clear sentence of a longer post asks or suggests."""
        post = draft.post
        if len(post.spans) < 2:
            return found
        raised = found.copy()
        for index in range(min(len(post.spans), MAX_SPANS)):
            said = span_said(draft, index)
            asks = self._cues.features(said.text, said.english)
            if any(asks[label] for label in _ASKING):
                own = self.probabilities(said)
                for label in _OF_A_SENTENCE:
                    if own[label] >= _CLEAR:
                        raised[label] = max(raised[label], own[label])
        return raised


def one_sided(post: EnrichedPost, found: Scores) -> Scores:
    """Takes complaint from what is clearly praise, and praise from what clearly is none, where both were found."""
    complaint, praise = LABELS.index("complaint"), LABELS.index("praise")
    score = post.sentiment.score
    if score is None or abs(score) < _ONE_SIDED or min(found[complaint], found[praise]) < THRESHOLD:
        return found
    moods = {span.sentiment.label for span in post.spans if span.sentiment is not None}
    if ("negative" if score > 0 else "positive") in moods:
        return found
    left = found.copy()
    left[complaint if score > 0 else praise] = 0.0
    return left


def inputs(said: Utterance, reader: Reader, cues: Cues) -> Inputs:
    """The sentiment features of a whole post, and its cues."""
    base = reader(said).inputs
    found = np.array(cues.features(said.text, said.english), np.float32)
    return replace(base, dense=np.concatenate([base.dense, found]))


def _said(draft: Draft) -> Utterance:
    post = draft.post
    text = f"{post.title}.\n{post.clean_text}" if post.title else post.clean_text
    english = post.translation.text if post.translation is not None else None
    return Utterance(text, main_language(post), english, draft.own_vector)
