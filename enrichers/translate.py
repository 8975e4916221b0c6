"""Every span into English by the first engine that supports its language; what none supports says so."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from enrichers.base import Draft
from enrichers.engines.base import Translated, TranslationEngine
from enrichers.recent import Recent
from schemas.enriched import EnrichedPost, Span, Translation, TranslationStatus
from schemas.errors import EngineError

log = logging.getLogger(__name__)

_CACHED_BYTES = 16 * 2**20
"""Of translations: about 30,000 sentences."""
_FAILURES_IN_A_ROW = 3
"""After so many texts failed one by one, the engine counts as broken for the rest of the batch."""
_IDENTITY = Translation(status="identity", confidence=1.0)
_UNSUPPORTED = Translation(status="unsupported")

Key = tuple[str, str]
"""(language, text)."""


class Translate:
    """The enricher `translate`. Engines are asked in order of preference; None for a language means no engine."""

    name = "translate"

    def __init__(self, engines: Sequence[TranslationEngine]) -> None:
        self._engines = tuple(engines)
        self._by_language: dict[str, TranslationEngine] = {}
        for engine in reversed(self._engines):
            self._by_language.update(dict.fromkeys(engine.languages() - {"en"}, engine))
        self.version = "+".join(f"{engine.name}-{engine.version}" for engine in self._engines) or "none"
        self.recent: Recent[Key, Translated] = Recent(_CACHED_BYTES, _bytes, largest=4_096)

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Drafts with `translation` on every span and on the post. Never raises for an engine's sake."""
        wanted = {key: None for draft in drafts for key in self._keys(draft.post)}
        done, failed = self._translated(wanted)
        return [self._apply(draft, done, failed) for draft in drafts]

    def close(self) -> None:
        for engine in self._engines:
            engine.close()

    def _keys(self, post: EnrichedPost) -> Iterable[Key]:
        for span in post.spans:
            text = post.clean_text[span.start : span.end]
            if span.language in self._by_language and _has_words(text):
                yield span.language, text

    def _translated(self, wanted: Iterable[Key]) -> tuple[dict[Key, Translated], set[Key]]:
        """What the cache or the engines know, and what an engine failed on."""
        keys = list(wanted)
        done = self.recent.known(keys)
        asked: dict[str, list[str]] = defaultdict(list)
        for language, text in keys:
            if (language, text) not in done:
                asked[language].append(text)
        failed: set[Key] = set()
        for language, texts in asked.items():
            answers = _ask(self._by_language[language], texts, language)
            for text, answer in zip(texts, answers, strict=True):
                if answer is None:
                    failed.add((language, text))
                else:
                    done[language, text] = answer
        self.recent.remember(done)
        return done, failed

    def _apply(self, draft: Draft, done: dict[Key, Translated], failed: set[Key]) -> Draft:
        post = draft.post
        spans = [self._span(span, post.clean_text[span.start : span.end], done) for span in post.spans]
        names = {self._by_language[span.language].name for span in post.spans if self._is_done(span, post, done)}
        broken = {self._by_language[language].name for language, text in self._keys(post) if (language, text) in failed}
        draft = draft.with_post(
            spans=spans, translation=_whole(post.clean_text, spans, "+".join(sorted(names)) or None)
        )
        for name in sorted(broken):
            draft = draft.noted(f"translate: engine {name} failed on a span")
        return draft

    def _is_done(self, span: Span, post: EnrichedPost, done: dict[Key, Translated]) -> bool:
        return (span.language, post.clean_text[span.start : span.end]) in done

    def _span(self, span: Span, text: str, done: dict[Key, Translated]) -> Span:
        answer = done.get((span.language, text))
        if span.language == "en" or not _has_words(text):
            translation = _IDENTITY
        elif answer is None:
            translation = _UNSUPPORTED
        else:
            translation = Translation(
                status="translated",
                text=answer.text,
                engine=self._by_language[span.language].name,
                confidence=answer.confidence,
            )
        return msgspec.structs.replace(span, translation=translation)


def english(clean_text: str, span: Span) -> str:
    """The span's English where there is a translation of it, else its own words."""
    if span.translation is not None and span.translation.text is not None:
        return span.translation.text
    return clean_text[span.start : span.end]


def _ask(engine: TranslationEngine, texts: list[str], language: str) -> list[Translated | None]:
    """One call for all; where it fails, one for each, so that one bad text costs itself only. None: it failed."""
    try:
        return _checked(engine.translate(texts, language), len(texts))
    except EngineError as error:
        log.warning("%s failed on %d texts in %s (%s)", engine.name, len(texts), language, type(error).__name__)
    answers: list[Translated | None] = [None] * len(texts)
    if len(texts) == 1:
        return answers
    in_a_row = 0
    for index, text in enumerate(texts):
        try:
            answers[index] = _checked(engine.translate([text], language), 1)[0]
            in_a_row = 0
        except EngineError:
            in_a_row += 1
            if in_a_row == _FAILURES_IN_A_ROW:
                break
    return answers


def _checked(answers: list[Translated], count: int) -> list[Translated | None]:
    if len(answers) != count:
        raise EngineError(f"the engine gave {len(answers)} translations for {count} texts")
    return list(answers)


def _whole(clean_text: str, spans: Sequence[Span], engine: str | None) -> Translation | None:
    """The post's translation: the spans' English, with what stands between them as it is. None without spans."""
    if not spans:
        return None
    parts: list[str] = []
    end = 0
    weight = known = 0.0
    for span in spans:
        own = clean_text[span.start : span.end]
        parts += [clean_text[end : span.start], english(clean_text, span)]
        end = span.end
        if _has_words(own) and span.translation is not None:
            weight += len(own)
            known += len(own) * (span.translation.confidence or 0.0)
    status = _status(clean_text, spans)
    if status == "unsupported":
        return _UNSUPPORTED
    text = "".join([*parts, clean_text[end:]])
    return Translation(status=status, text=text, engine=engine, confidence=round(known / weight, 4) if weight else 1.0)


def _status(clean_text: str, spans: Sequence[Span]) -> TranslationStatus:
    """Spans without words have no say, unless there are no others."""
    said = {
        span.translation.status
        for span in spans
        if span.translation is not None and _has_words(clean_text[span.start : span.end])
    }
    if said <= {"identity"}:
        return "identity"
    if said == {"unsupported"}:
        return "unsupported"
    return "partial" if "unsupported" in said else "translated"


def _bytes(key: Key, answer: Translated) -> int:
    return 300 + 2 * (len(key[1]) + len(answer.text))


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)
