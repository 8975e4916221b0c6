"""English and vectors of labelled posts by the pipeline's own translation and embedding."""

from __future__ import annotations

from collections.abc import Sequence

from labelled import Cache, Labelled

from enrichers.engines.apertium import Apertium
from enrichers.engines.minilm import MiniLM

BATCH = 64


def fill(cache: Cache, posts: Sequence[Labelled]) -> None:
    """Translates and embeds what the cache does not hold yet, and saves it."""
    missing = cache.missing(posts)
    if not missing:
        return
    translator, embedder = Apertium(), MiniLM()
    try:
        for language in sorted({said.language for said in missing}):
            own = [said for said in missing if said.language == language]
            supported = language in translator.languages() and language != "en"
            for start in range(0, len(own), BATCH):
                batch = own[start : start + BATCH]
                texts = [said.text for said in batch]
                english = [t.text for t in translator.translate(texts, language)] if supported else texts
                for said, text, vector in zip(batch, english, embedder.embed(english), strict=True):
                    cache.put(said, text if supported or language == "en" else "", vector)
    finally:
        translator.close()
        embedder.close()
    cache.save()
