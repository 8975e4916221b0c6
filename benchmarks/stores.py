"""Documents a second of each sink: writes in batches, searches, gets; posts of one tweet with a 384-d vector.

    python benchmarks/stores.py [--documents 20000] [--batch 500] [--elasticsearch http://127.0.0.1:19200]

Without `--elasticsearch`, memory and SQLite only. The posts are made from a seed: no data is needed.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from schemas.enriched import EnrichedPost, Sentiment, Severity, Span, TopicRef, Translation
from schemas.identity import from_millis, identity
from schemas.vectors import encode_vector
from sinks.base import Document, Query, Sink, Status
from sinks.documents import post_document
from sinks.elasticsearch import ElasticsearchSink, connect
from sinks.memory import MemorySink
from sinks.sqlite import SQLiteSink

START = 1_770_000_000_000
DIMENSIONS = 384


def posts(count: int, seed: int) -> list[Document]:
    """`count` posts of 20 words out of 20,000, Zipf-distributed, with everything that `enrich` adds."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.minimum(generator.zipf(1.3, size=(count, 20)), 20_000)
    return [_post(number, words[number].tolist(), encode_vector(vectors[number])) for number in range(count)]


def _post(number: int, words: Sequence[int], vector: str) -> Document:
    text = " ".join(f"palabra{word}" for word in words)
    sentiment = Sentiment(status="scored", label="negative", score=-0.5, confidence=0.8)
    translation = Translation(status="translated", text=text.replace("palabra", "word"), engine="apertium")
    return post_document(
        EnrichedPost(
            id=str(number),
            source="shop",
            channel="review",
            text=text,
            clean_text=text,
            language="es",
            languages=["es"],
            brand=f"brand{number % 7}",
            place=f"place{number % 50}",
            identity=identity("review", "shop", str(number)),
            version=START + number,
            event_time=from_millis(START + number * 60_000),
            spans=[
                Span(
                    start=0, end=len(text), language="es", confidence=0.9, translation=translation, sentiment=sentiment
                )
            ],
            translation=translation,
            sentiment=sentiment,
            topics=[TopicRef(status="assigned", id=f"t{number % 40}", label=f"topic {number % 40}", similarity=0.7)],
            severity=Severity(score=0.4, negativity=0.8, reach=0.5),
            embedding=vector,
        )
    )


def measure(sink: Sink, documents: Sequence[Document], batch: int) -> tuple[float, float, float]:
    """Documents written a second, milliseconds a search, microseconds a get."""
    sink.open()
    started = time.perf_counter()
    for start in range(0, len(documents), batch):
        outcomes = sink.write(documents[start : start + batch])
        assert all(outcome.status is Status.WRITTEN for outcome in outcomes)
    written = time.perf_counter() - started
    sink.refresh()
    assert sink.count("posts") == len(documents)
    queries = [Query(text=f"word{word}", brand="brand3", limit=20) for word in range(1, 51)]
    started = time.perf_counter()
    assert sum(sink.search(query).total for query in queries) > 0
    searched = time.perf_counter() - started
    ids = [document.id for document in documents[:1_000]]
    started = time.perf_counter()
    assert all(sink.get("posts", ids))
    got = time.perf_counter() - started
    return len(documents) / written, 1e3 * searched / len(queries), 1e6 * got / len(ids)


def main() -> None:
    """Prints a table with the machine and the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--elasticsearch", metavar="URL")
    options = parser.parse_args()
    documents = posts(options.documents, seed=11)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"{options.documents} posts with {DIMENSIONS}-d vectors, batches of {options.batch}"
    )
    print(f"{'sink':<16}{'written/s':>12}{'ms/search':>12}{'µs/get':>10}")
    with tempfile.TemporaryDirectory() as folder:
        sinks: list[Sink] = [MemorySink(), SQLiteSink(Path(folder) / "store.sqlite")]
        client, prefix = None, f"bench{uuid.uuid4().hex[:8]}"
        if options.elasticsearch:
            client = connect(options.elasticsearch)
            sinks.append(ElasticsearchSink(client, prefix=prefix))
        try:
            for sink in sinks:
                written, search, get = measure(sink, documents, options.batch)
                print(f"{sink.name:<16}{written:>12,.0f}{search:>12.2f}{get:>10.0f}")
        finally:
            if client is not None:
                client.indices.delete(index=f"{prefix}-*")
            for sink in sinks:
                sink.close()


if __name__ == "__main__":
    main()
