"""20,000 real posts through the embedded tier and every stage: nothing lost, memory flat.

Everything that reads and remembers posts is real. Translation is left out and vectors are made up, which saves minutes:
what the models themselves keep does not grow with the posts.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil
import pytest

from enrichers.authenticity import Authenticity
from enrichers.chain import Chain
from enrichers.clean import Clean
from enrichers.embed import Embed
from enrichers.engines.scripted import ScriptedEmbedding
from enrichers.intent import Intent
from enrichers.language import Language
from enrichers.redact import Redact
from enrichers.relevance import Relevance
from enrichers.scoring.topic_model import TopicModel
from enrichers.sentiment import Sentiment
from enrichers.topic import Topics as TopicAssign
from enrichers.translate import Translate
from schemas.identity import identity
from sinks.sqlite import SQLiteSink
from streams.embedded import Parcel, play
from streams.links.memory import Memory
from streams.settings import load_settings
from streams.topics import Topics
from streams.wiring import build_cost

DATA = Path(__file__).parents[3] / "shared" / "data" / "umsab"
TOTAL = 20_000
UNDER_WAY = 400
WINDOW = 4_000

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


def chain(model: Callable[[], TopicModel]) -> Chain:
    return Chain(
        [
            Clean(),
            Redact(b"of the test"),
            Language(),
            Translate([]),
            Embed(ScriptedEmbedding(), original=True),
            Sentiment(),
            Intent(),
            TopicAssign(model),
            Authenticity(),
            Relevance(),
            build_cost(load_settings(environ={})),
        ]
    )


def test_twenty_thousand_posts_lose_nothing_and_memory_stays_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # full before the middle, where the real window of 20,000 posts would still fill at the end
    monkeypatch.setattr(Memory.__init__, "__kwdefaults__", {"size": WINDOW})
    settings = load_settings(environ={"VOCERO_STATE_DIR": str(tmp_path / "state")})
    sink = SQLiteSink(tmp_path / "posts.sqlite")
    process = psutil.Process()
    resident: dict[int, int] = {}
    lock = threading.Lock()

    def watch(settled: int, _: float) -> None:
        with lock:
            resident.setdefault(settled // 1000 * 1000, process.memory_info().rss)

    outcome = play(settings, story, under_way=UNDER_WAY, sink=lambda: sink, chain=chain, on_progress=watch)
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
