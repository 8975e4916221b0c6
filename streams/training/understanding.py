"""Labelled texts as the pipeline reads them: their English and the vectors of their own words, by engines given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from enrichers.engines.base import EmbeddingEngine, TranslationEngine
from enrichers.scoring.features import Utterance

BATCH = 64


def understood(
    said: Sequence[Utterance],
    engines: Sequence[TranslationEngine],
    embedder: EmbeddingEngine,
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> list[Utterance]:
    """The utterances in their order, with English where an engine has it and none was given, and with vectors.

    `progress` wraps the batches' starts, to be shown. Raises EngineError as the engines do.
    """
    engine_of: dict[str, TranslationEngine] = {}
    for engine in reversed(engines):
        engine_of.update(dict.fromkeys(engine.languages() - {"en"}, engine))
    # one language after the other: an engine works best on many texts of one
    order = sorted(range(len(said)), key=lambda index: said[index].language)
    results = list(said)
    for start in progress(range(0, len(order), BATCH)):
        batch = order[start : start + BATCH]
        for language, own in groupby(batch, key=lambda index: said[index].language):
            asked = [index for index in own if said[index].english is None]
            if language in engine_of and asked:
                answers = engine_of[language].translate([said[index].text for index in asked], language)
                for index, answer in zip(asked, answers, strict=True):
                    results[index] = replace(said[index], english=answer.text)
        vectors = embedder.embed([results[index].text for index in batch])
        for index, vector in zip(batch, vectors, strict=True):
            results[index] = replace(results[index], vector=vector)
    return results
