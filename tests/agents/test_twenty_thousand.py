"""20,000 real posts through the embedded tier and the real models: nothing lost, memory flat."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest

from schemas.identity import identity
from sinks.sqlite import SQLiteSink
from streams.embedded import Parcel, play
from streams.settings import load_settings
from streams.topics import Topics

DATA = Path(__file__).parents[3] / "shared" / "data" / "umsab"
TOTAL = 20_000
UNDER_WAY = 400

pytestmark = [
    pytest.mark.agents,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not DATA.is_dir(), reason="the UMSAB posts are not beside the project"),
]


def tweets() -> Iterator[dict[str, str]]:
    """Every line of every language, again and again, languages mixed."""
    files = [path.read_text(encoding="utf-8").splitlines() for path in sorted(DATA.glob("*.train.jsonl"))]
    lines = [line for row in zip(*files, strict=True) for line in row]
    for line in itertools.cycle(lines):
        yield json.loads(line)


def story(topics: Topics) -> Iterable[Parcel]:
    for number, tweet in enumerate(itertools.islice(tweets(), TOTAL)):
        post = {"id": str(number), "source": "umsab", "channel": "social", "text": tweet["text"], "brand": "b"}
        key = identity("social", "umsab", str(number)).encode()
        yield Parcel(topics.raw["social"], key, json.dumps(post).encode(), {})


def test_twenty_thousand_posts_lose_nothing_and_memory_stays_flat(tmp_path: Path) -> None:
    settings = load_settings(environ={"VOCERO_STATE_DIR": str(tmp_path / "state")})
    sink = SQLiteSink(tmp_path / "posts.sqlite")
    process = psutil.Process()
    resident: dict[int, int] = {}
    lock = threading.Lock()

    def watch(settled: int, _: float) -> None:
        with lock:
            resident.setdefault(settled // 2500 * 2500, process.memory_info().rss)

    outcome = play(settings, story, under_way=UNDER_WAY, sink=lambda: sink, on_progress=watch)
    assert outcome.complete, outcome
    reader = SQLiteSink(tmp_path / "posts.sqlite")
    reader.open()
    indexed = reader.count("posts")
    reader.close()
    print(
        f"{TOTAL / outcome.seconds:.0f} posts/s, resident MB {[(n, rss >> 20) for n, rss in sorted(resident.items())]}"
    )
    assert outcome.sent == TOTAL
    assert indexed + outcome.dead_letters == TOTAL
    # the first quarter fills caches and learns topics; after it nothing may grow with the number of posts
    middle = resident[TOTAL // 2]
    last = resident[max(resident)]
    assert last < 1.15 * middle + 32 * 2**20, {n: rss >> 20 for n, rss in sorted(resident.items())}
