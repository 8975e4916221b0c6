"""Posts per second: each enricher alone, the chain by function call, and all five stages on the embedded broker.

One run, side by side, on the same posts: the UMSAB tweets where they lie beside the project, else the shipped sample.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from enrichers.base import Draft
from enrichers.chain import Chain
from schemas.codec import decode_raw, encode
from schemas.raw import RawPost
from sinks.memory import MemorySink
from sinks.sqlite import SQLiteSink
from streams.embedded import Parcel, play
from streams.intake import to_draft
from streams.settings import Settings, load_settings
from streams.topics import Topics
from streams.wiring import build_chain

ROOT = Path(__file__).parents[1]
UMSAB = ROOT.parent / "shared" / "data" / "umsab"
RECEIVED_MS = 1_774_000_000_000


def corpus(count: int) -> tuple[str, list[RawPost]]:
    """What the posts are, and `count` of them; shorter sources are repeated under new ids."""
    if UMSAB.is_dir():
        files = [path.read_text(encoding="utf-8").splitlines() for path in sorted(UMSAB.glob("*.train.jsonl"))]
        texts = [json.loads(line)["text"] for row in zip(*files, strict=True) for line in row]
        name = "UMSAB tweets, 8 languages"
    else:
        lines = [line for file in ("reviews", "social") for line in (ROOT / f"examples/sample/{file}.jsonl").open("rb")]
        texts = [decode_raw(line).text for line in lines]
        name = "the shipped sample"
    chosen = itertools.islice(itertools.cycle(texts), count)
    posts = [
        RawPost(id=str(number), source="bench", channel="social", brand="b", text=text)
        for number, text in enumerate(chosen)
    ]
    return name, posts


def alone(chain: Chain, drafts: list[Draft], batch: int) -> list[tuple[str, float]]:
    """Seconds that each enricher took over all drafts, fed in batches with what the ones before it had made."""
    rows = []
    for enricher in chain.enrichers:
        started = time.perf_counter()
        made: list[Draft] = []
        for first in range(0, len(drafts), batch):
            made.extend(enricher(drafts[first : first + batch]))
        rows.append((enricher.name, time.perf_counter() - started))
        drafts = made
    return rows


def called(chain: Chain, drafts: Sequence[Draft], batch: int) -> float:
    """Seconds of the chain by function call."""
    started = time.perf_counter()
    for first in range(0, len(drafts), batch):
        chain(drafts[first : first + batch])
    return time.perf_counter() - started


def flowing(settings: Settings, posts: Sequence[RawPost], chain: Chain, sink: SQLiteSink | MemorySink) -> float:
    """Seconds of all five stages on the embedded broker."""

    def story(topics: Topics) -> Iterable[Parcel]:
        for post in posts:
            yield Parcel(topics.raw["social"], post.id.encode(), encode(post), {})

    outcome = play(settings, story, under_way=400, sink=lambda: sink, chain=lambda _: chain)
    if not outcome.complete:
        raise SystemExit(f"the run did not finish: {outcome.failure}")
    return outcome.seconds


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    name, posts = corpus(options.posts + 2 * options.batch)
    warm, posts = posts[: 2 * options.batch], posts[2 * options.batch :]
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(environ={"VOCERO_STATE_DIR": folder})
        started = time.perf_counter()
        chain = build_chain(settings)
        loading = time.perf_counter() - started
        drafts = [to_draft(post, received_ms=RECEIVED_MS) for post in posts]
        chain([to_draft(post, received_ms=RECEIVED_MS) for post in warm])
        rows = alone(chain, drafts, options.batch)
        total = sum(seconds for _, seconds in rows)
        fresh = build_chain(settings)  # its caches are empty: the same work again
        fresh([to_draft(post, received_ms=RECEIVED_MS) for post in warm])
        by_call = called(fresh, drafts, options.batch)
        fresh.close()
        chain.close()
        noop = flowing(settings, posts, Chain([]), MemorySink())
        worker = flowing(settings, posts, build_chain(settings), SQLiteSink(Path(folder) / "bench.sqlite"))
    count = len(posts)
    print(f"{count} posts: {name}; batches of {options.batch}; chain loaded in {loading:.2f} s")
    print(f"{'what':<44}{'posts/s':>10}{'ms a post':>11}{'ratio':>8}")
    for label, seconds in rows:
        print(f"{label + ' alone':<44}{count / seconds:>10.0f}{1000 * seconds / count:>11.2f}")
    print(f"{'sum of the enrichers alone':<44}{count / total:>10.0f}{1000 * total / count:>11.2f}{1:>8.2f}")
    for label, seconds in (
        ("chain by function call", by_call),
        ("five stages, embedded broker, SQLite", worker),
        ("five stages, no models, memory", noop),
    ):
        print(f"{label:<44}{count / seconds:>10.0f}{1000 * seconds / count:>11.2f}{total / seconds:>8.2f}")
    print(f"resident memory at the end: {psutil.Process().memory_info().rss / 2**20:.0f} MiB (Apertium apart)")


if __name__ == "__main__":
    main()
