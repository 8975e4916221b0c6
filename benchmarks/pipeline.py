"""English and vectors of labelled posts by the pipeline's own translation and embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labelled import Cache, Labelled

from enrichers.engines.apertium import Apertium
from enrichers.engines.e5 import E5
from streams.training.understanding import understood


def fill(cache: Cache, posts: Sequence[Labelled]) -> None:
    """Translates and embeds what the cache does not hold yet, and saves it. English by hand is not looked at."""
    missing = cache.missing(posts)
    if not missing:
        return
    translator, embedder = Apertium(), E5()
    try:
        for one in understood([replace(said, english=None) for said in missing], [translator], embedder):
            assert one.vector is not None
            cache.put(one, one.text if one.language == "en" else one.english or "", one.vector)
    finally:
        translator.close()
        embedder.close()
    cache.save()
